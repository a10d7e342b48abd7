"""When backups and drills are due, in the site's time zone."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backup import Kind, Schedule
from gateway.model import Instant, from_datetime

SHANGHAI = ZoneInfo("Asia/Shanghai")
SUNDAY, MONDAY = 6, 0
SCHEDULE = Schedule(time(2, 0), SUNDAY, MONDAY, SHANGHAI)


def at(text: str) -> Instant:
    """A moment in Shanghai; 2026-11-22 is a Sunday."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


@pytest.mark.parametrize(
    ("now", "last", "full", "due"),
    [
        ("2026-11-23 10:00", None, None, Kind.FULL),
        ("2026-11-23 10:00", "2026-11-23 02:00", "2026-11-22 02:00", None),
        ("2026-11-24 01:59", "2026-11-23 02:00", "2026-11-22 02:00", None),
        ("2026-11-24 02:00", "2026-11-23 02:00", "2026-11-22 02:00", Kind.INCREMENT),
        ("2026-11-29 01:59", "2026-11-28 02:00", "2026-11-22 02:00", None),
        ("2026-11-29 02:00", "2026-11-28 02:00", "2026-11-22 02:00", Kind.FULL),
        ("2026-12-02 09:00", "2026-11-28 02:00", "2026-11-22 02:00", Kind.FULL),
        ("2026-11-27 09:00", "2026-11-23 02:00", "2026-11-22 02:00", Kind.INCREMENT),
        ("2026-11-24 02:00", "2026-11-23 14:00", "2026-11-23 14:00", Kind.INCREMENT),
    ],
)
def test_what_is_due(now: str, last: str | None, full: str | None, due: Kind | None) -> None:
    moments = (None if each is None else at(each) for each in (last, full))
    assert SCHEDULE.due(at(now), *moments) == due


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        ("2026-11-23 02:59", "2026-11-16 03:00", False),
        ("2026-11-23 03:00", "2026-11-16 03:00", True),
        ("2026-11-25 12:00", "2026-11-16 03:00", True),
        ("2026-11-25 12:00", "2026-11-23 03:00", False),
        ("2026-11-25 12:00", None, True),
    ],
)
def test_a_drill_is_due_an_hour_after_the_backup_of_its_day(
    now: str, last: str | None, *, due: bool
) -> None:
    assert SCHEDULE.drill_due(at(now), None if last is None else at(last)) is due
    never = Schedule(time(2, 0), SUNDAY, None, SHANGHAI)
    assert not never.drill_due(at(now), None)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 - local, zone is added
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC"]),
    st.times(),
    st.integers(0, 6),
)
def test_every_day_has_one_backup_and_every_week_a_full_one(
    start: datetime, zone: str, when: time, full_on: int
) -> None:
    schedule = Schedule(when.replace(fold=0), full_on, None, ZoneInfo(zone))
    moment = start.replace(tzinfo=ZoneInfo("UTC"))
    last = full = None
    made: list[Kind] = []
    for _ in range(24 * 28):
        now = from_datetime(moment)
        due = schedule.due(now, last, full)
        if due is not None:
            made.append(due)
            last = now
            full = now if due is Kind.FULL else full
        moment += timedelta(hours=1)
    assert 28 <= len(made) <= 30
    assert 4 <= made.count(Kind.FULL) <= 6
