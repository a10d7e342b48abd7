"""A time of day is hours and minutes; what could mean another one is refused."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway.notify.options import Shift
from gateway.papers.options import PapersOptions
from gateway.profile import AnalyzerProfile, ClockTime
from gateway.schedule.options import HourOptions

WRONG = [8, 800, 18.5, "8:00", "08:00Z", "08:00+08:00", "24:00", "0800", "08:00:30", "", True, None]


@pytest.mark.parametrize("wrong", WRONG)
def test_numbers_and_zones_are_no_time_of_day(wrong: object) -> None:
    with pytest.raises(ValidationError, match=r"write hours and minutes"):
        TypeAdapter[time](ClockTime).validate_python(wrong)


def test_hours_and_minutes_are_and_are_written_as_they_are_read() -> None:
    adapter = TypeAdapter[time](ClockTime)
    assert adapter.validate_python("23:59") == time(23, 59)
    assert adapter.dump_python(time(8), mode="json") == "08:00"


@pytest.mark.parametrize(
    ("model", "said", "place"),
    [
        (Shift, {"who": ["wang"], "start": 480, "end": "18:00Z"}, [("start",), ("end",)]),
        (HourOptions, {"begin": 450, "end": "18:00+08:00"}, [("begin",), ("end",)]),
        (PapersOptions, {"folder": "x", "times": ["06:00", 720]}, [("times", 1)]),
        (AnalyzerProfile, {"day_starts": 420}, [("day_starts",)]),
    ],
)
def test_every_section_that_names_a_time_refuses_it_where_it_stands(
    model: type[BaseModel], said: dict[str, Any], place: list[tuple[str | int, ...]]
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(said)
    faults = [each for each in refused.value.errors() if "no time of day" in each["msg"]]
    assert [each["loc"] for each in faults] == place
