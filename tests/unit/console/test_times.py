"""Times that a device may have said, as pages show them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from gateway.console.text.times import day_start, exact, moment, zone_name
from gateway.model import Instant

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
LAST, FIRST = 253_402_300_799_000_000, -62_135_596_800_000_000
"""The last second of year 9999 and the first of year 1, UTC."""


@pytest.mark.parametrize("instant", [LAST, LAST + 43_200_000_000, 2**63 - 1])
def test_a_time_beyond_the_calendar_is_shown_as_its_end(instant: int) -> None:
    assert moment(Instant(instant), SHANGHAI) == "9999-12-31 23:59:59"
    assert exact(Instant(instant), SHANGHAI).startswith("9999-12-31 23:59:59")


@pytest.mark.parametrize("instant", [FIRST, FIRST - 1, -(2**63)])
def test_a_time_before_the_calendar_is_shown_as_its_beginning(instant: int) -> None:
    assert moment(Instant(instant), NEW_YORK).endswith("1-01-01 00:00:00")
    assert day_start(Instant(instant), NEW_YORK) == FIRST
    assert zone_name(Instant(instant), NEW_YORK) == "America/New_York, UTC+00:00"


def test_a_time_is_shown_in_the_site_s_zone() -> None:
    assert exact(Instant(1_795_435_200_000_001), SHANGHAI) == "2026-11-23 20:00:00.000001"
