"""HL7 times: `YYYYMMDD[HH[MM[SS[.S…]]]][+/-ZZZZ]`, in the device's zone where they name none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NoReturn
from zoneinfo import ZoneInfo

from gateway import Instant, from_datetime

_TIME = re.compile(
    r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(?:\.(\d{1,6})\d*)?)?([+-]\d{4})?", re.ASCII
)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def parse_time(text: str, zone: ZoneInfo) -> Instant | None:
    """The instant that `text` means; ValueError if it is no time at all.

    None where it names no instant: only a day, an hour that comes twice or never when clocks
    change, or a time before 1970 or after 2199, which no clock of a device shows.
    """
    match = _TIME.fullmatch(text.split("^", 1)[0].strip())
    try:
        return _instant(match, zone) if match else _no_time(text)
    except (ValueError, OverflowError):
        return _no_time(text)


def _no_time(text: str) -> NoReturn:
    raise ValueError(f"{text[:32]!r} is no time")


def _instant(match: re.Match[str], zone: ZoneInfo) -> Instant | None:
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    moment = datetime(  # noqa: DTZ001 - its zone is found below
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int((fraction or "").ljust(6, "0")),
    )
    if minute is None or day is None:
        return None
    placed = moment.replace(tzinfo=_offset(offset)) if offset else _placed(moment, zone)
    if placed is None or not _EARLIEST <= placed < _LATEST:
        return None
    return from_datetime(placed)


def _offset(text: str) -> timezone:
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return timezone(-ahead if text[0] == "-" else ahead)


def _placed(moment: datetime, zone: ZoneInfo) -> datetime | None:
    placed = moment.replace(tzinfo=zone)
    return placed if placed.utcoffset() == placed.replace(fold=1).utcoffset() else None
