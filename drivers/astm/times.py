"""Dates and times of LIS2-A2 5.6.2, in the device's zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from gateway import Instant, from_datetime

_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d+)?([+-]\d{4})?", re.ASCII)

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_DATE = re.compile(r"\d{8}", re.ASCII)


@lru_cache(maxsize=256)
def parse_time(text: str, zone: tzinfo) -> Instant | None:
    """The instant of `YYYYMMDDHHMM[SS][±ZZZZ]`; None if it is not one.

    A date alone is none, and neither is a local time that comes twice or never in its zone, nor one
    before 1970 or after 2200: no analyzer measured then, and not every calendar goes so far.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    *numbers, offset = match.groups()
    try:
        local = datetime(*(int(number or 0) for number in numbers))  # type: ignore[arg-type] # noqa: DTZ001
        stated = _fixed(offset) if offset else zone
    except ValueError:
        return None
    if not _FIRST_YEAR <= local.year <= _LAST_YEAR:
        return None
    earlier, later = (local.replace(tzinfo=stated, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() != later.utcoffset():
        return None
    return from_datetime(earlier)


def parse_date(text: str) -> str:
    """The day of `YYYYMMDD` in ISO 8601; empty if it is not one."""
    try:
        return date.fromisoformat(text).isoformat() if _DATE.fullmatch(text) else ""
    except ValueError:
        return ""


def _fixed(offset: str) -> tzinfo:
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
