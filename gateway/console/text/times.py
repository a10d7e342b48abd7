"""Times as people at the site read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.console.text.catalogue import Catalogue
from gateway.model import Instant, from_datetime, to_datetime

_SECOND = 1_000_000
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_STEPS = (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 172_800), ("d", 86_400, None))


def moment(instant: Instant, zone: ZoneInfo) -> str:
    """`2026-11-23 14:05:09`; the end of the calendar for an instant beyond it."""
    return _local(instant, zone).strftime("%Y-%m-%d %H:%M:%S")


def exact(instant: Instant, zone: ZoneInfo) -> str:
    """`2026-11-23 14:05:09.123456`; the end of the calendar for an instant beyond it."""
    return _local(instant, zone).strftime("%Y-%m-%d %H:%M:%S.%f")


def day_start(instant: Instant, zone: ZoneInfo) -> Instant:
    """The midnight at the site that began the day of `instant`."""
    local = _local(instant, zone)
    return from_datetime(local.replace(hour=0, minute=0, second=0, microsecond=0))


def zone_name(instant: Instant, zone: ZoneInfo) -> str:
    """`Asia/Shanghai, UTC+08:00`"""
    offset = _local(instant, zone).strftime("%z")
    return f"{zone.key}, UTC{offset[:3]}:{offset[3:5]}"


def age(instant: Instant, now: Instant, words: Catalogue) -> str:
    """How long ago, in the largest unit that fits: `12 s`, `3 min`, `5 h`, `2 d`."""
    seconds = max(0, (now - instant) // _SECOND)
    name, size = next((name, size) for name, size, end in _STEPS if end is None or seconds < end)
    return f"{seconds // size} {words.pgettext('age', name)}"


def _local(instant: Instant, zone: ZoneInfo) -> datetime:
    """Whatever a device may have said, a page can show it."""
    try:
        return to_datetime(instant).astimezone(zone)
    except OverflowError:
        return _LAST if instant > 0 else _FIRST
