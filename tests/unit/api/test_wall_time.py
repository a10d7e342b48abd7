"""Times that people write into forms are those of the site's clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.model import from_datetime
from gateway.web.day import wall_time

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_time_is_that_of_the_site() -> None:
    assert wall_time("2026-11-26T14:05", BERLIN) == from_datetime(
        datetime(2026, 11, 26, 13, 5, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-03-29T02:30",
        "2026-11-26T14:05+08:00",
        "0001-01-01T00:00",
    ],
)
def test_what_the_clocks_never_show_is_no_time(text: str) -> None:
    assert wall_time(text, BERLIN) is None
