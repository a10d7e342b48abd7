"""Times of day at which something is due. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta


def last_due(now: datetime, times: Sequence[time]) -> datetime:
    """The last time of day up to `now`, in its zone."""
    return max(moment for moment in _around(now, times) if moment <= now)


def next_due(now: datetime, times: Sequence[time]) -> datetime:
    """The first time of day after `now`, in its zone."""
    return min(moment for moment in _around(now, times) if moment > now)


def _around(now: datetime, times: Sequence[time]) -> list[datetime]:
    days = (now.date() + timedelta(days=step) for step in (-1, 0, 1))
    return [datetime.combine(day, each, now.tzinfo) for day in days for each in times]
