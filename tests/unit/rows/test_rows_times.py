"""Times as sources write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.model import from_datetime
from gateway.rows import RowDevice, RowProfile
from gateway.rows.times import TimeForm, instant_of, parse_wall, wall_of, write_wall

WALL = datetime(2026, 11, 23, 8, 5)  # noqa: DTZ001 - a wall time
SHANGHAI = "Asia/Shanghai"
PLAIN = {
    "profile": "rows",
    "driver": "rows",
    "title": "Rows",
    "grade": "derived",
    "source": "these tests",
    "columns": {"time": "at", "key": "key", "code": "code", "value": "value"},
    "points": {"n": {"unit": "1"}},
}


@pytest.mark.parametrize(
    ("value", "form", "pattern"),
    [
        (WALL, TimeForm.NAIVE, ""),
        ("2026-11-23 08:05:00", TimeForm.NAIVE, ""),
        ("20261123080500", TimeForm.NAIVE, "%Y%m%d%H%M%S"),
        ("2026-11-23T16:05:00+08:00", TimeForm.AWARE, ""),
        (WALL.replace(tzinfo=UTC), TimeForm.AWARE, ""),
        (1_795_421_100, TimeForm.EPOCH_S, ""),
        ("1795421100000", TimeForm.EPOCH_MS, ""),
    ],
)
def test_a_time_is_read_as_its_form_says(value: object, form: TimeForm, pattern: str) -> None:
    assert parse_wall(value, form, pattern) == WALL


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, TimeForm.NAIVE),
        ("", TimeForm.NAIVE),
        ("2026-11-23T08:05:00+08:00", TimeForm.NAIVE),
        ("2026-11-23T08:05:00", TimeForm.AWARE),
        ("noon", TimeForm.EPOCH_S),
        (10**30, TimeForm.EPOCH_MS),
    ],
)
def test_what_is_no_time_or_in_another_form_is_refused(value: object, form: TimeForm) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_wall(value, form)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.sampled_from(TimeForm))  # noqa: DTZ001
def test_a_written_time_is_never_later_than_it_was(at: datetime, form: TimeForm) -> None:
    read = parse_wall(write_wall(at, form), form)
    assert timedelta(0) <= at - read < timedelta(seconds=1)


def test_naive_times_are_in_the_devices_zone_and_the_others_in_utc() -> None:
    instant = from_datetime(datetime(2026, 11, 23, 0, 5, tzinfo=UTC))
    assert instant_of(WALL, TimeForm.NAIVE, SHANGHAI) == instant
    assert wall_of(instant, TimeForm.NAIVE, SHANGHAI) == WALL
    assert wall_of(instant, TimeForm.EPOCH_S, SHANGHAI) == WALL - timedelta(hours=8)


@pytest.mark.parametrize("wall", ["2026-10-25 02:30", "2026-03-29 02:30"])
def test_a_time_that_comes_twice_or_never_is_no_instant(wall: str) -> None:
    assert instant_of(datetime.fromisoformat(wall), TimeForm.NAIVE, "Europe/Berlin") is None


@pytest.mark.parametrize(
    "pattern",
    ["%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %p %I:%M", "%Y%m%d %H%S%M", "%d.%m.%Y", "%m/%d/%y"],
)
def test_a_pattern_that_does_not_sort_as_time_does_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="does not sort"):
        RowProfile.model_validate({**PLAIN, "time_pattern": pattern})


@pytest.mark.parametrize("pattern", ["", "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M", "%y%m%d", "%Y-%m-%d"])
def test_a_pattern_that_sorts_as_time_does_is_taken(pattern: str) -> None:
    assert RowProfile.model_validate({**PLAIN, "time_pattern": pattern}).time_pattern == pattern


def test_a_beginning_with_a_zone_is_told_when_it_is_written() -> None:
    assert RowDevice.model_validate({"since": "2026-11-01T00:00:00"}).since is not None
    with pytest.raises(ValidationError, match="without a zone"):
        RowDevice.model_validate({"since": "2026-11-01T00:00:00+08:00"})
