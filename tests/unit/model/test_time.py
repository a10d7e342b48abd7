"""What the clocks of a zone show becomes a moment, or is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.model import placed

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def test_a_wall_time_is_placed_in_its_zone() -> None:
    wall = datetime(2026, 11, 26, 14, 5)  # noqa: DTZ001 - a wall time
    assert placed(wall, BERLIN) == datetime(2026, 11, 26, 13, 5, tzinfo=UTC)


def test_of_two_times_that_clocks_show_it_is_the_first() -> None:
    wall = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - a wall time
    assert placed(wall, BERLIN).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    ("wall", "zone", "why"),
    [
        (datetime(2026, 3, 29, 2, 30), BERLIN, "does not exist in Europe/Berlin"),  # noqa: DTZ001
        (datetime(1, 1, 1), BERLIN, "out of the calendar"),  # noqa: DTZ001 - a wall time
        (datetime(9999, 12, 31, 23), NEW_YORK, "out of the calendar"),  # noqa: DTZ001 - the same
        (datetime(2026, 11, 26, tzinfo=UTC), BERLIN, "has a zone"),
    ],
)
def test_what_clocks_never_show_is_refused(wall: datetime, zone: ZoneInfo, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        placed(wall, zone)
