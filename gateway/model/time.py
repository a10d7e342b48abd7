"""Time: microseconds since the Unix epoch, UTC, so that an instant is exact and never naive."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NewType, Protocol

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01T00:00:00Z."""

Micros = NewType("Micros", int)
"""A duration in microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_datetime(instant: Instant) -> datetime:
    """Aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant)


def from_datetime(moment: datetime) -> Instant:
    """Instant of an aware datetime; a naive one is a ValueError, never a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: state the device's zone")
    return Instant((moment - _EPOCH) // _MICROSECOND)


def placed(wall: datetime, zone: tzinfo) -> datetime:
    """What the clocks of a zone show, as an aware datetime; the first of two times that they do.

    ValueError for what they never show, where they are put forward, and for an aware datetime.
    """
    if wall.tzinfo is not None:
        raise ValueError(f"{wall.isoformat()} has a zone")
    made = wall.replace(tzinfo=zone)
    try:
        shown = made.astimezone(UTC).astimezone(zone)
    except OverflowError as error:
        raise ValueError(f"{wall.isoformat()} is out of the calendar") from error
    if shown != made:
        raise ValueError(f"{wall.isoformat()} does not exist in {zone}")
    return made


class Clock(Protocol):
    """Domain time; may run fast in a demo or test. Wire timers never use it."""

    def now(self) -> Instant: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1000)


_PARTIAL = re.compile(r"(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?", re.ASCII)


def partial_date(text: str) -> str:
    """A date as ISO 8601, to the year or month where that is all that is said; else ValueError."""
    parts = _PARTIAL.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    year, month, day = parts.groups()
    whole = date(int(year), int(month or 1), int(day or 1)).isoformat()
    return whole if day else whole[:7] if month else whole[:4]
