"""A device's own clock, as payloads write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo

from drivers.mqtt.payload import Digits
from gateway import Instant, ProtocolViolation, from_datetime, sentence

Zone: TypeAlias = ZoneInfo | None

_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
_EARLIEST = from_datetime(datetime(1970, 1, 1, tzinfo=UTC))
_LATEST = from_datetime(datetime(2200, 1, 1, tzinfo=UTC))
_LONGEST = 32


class TimeFormat(StrEnum):
    """How a payload writes a time: RFC 3339, or a count since 1970-01-01T00:00:00Z."""

    RFC3339 = "rfc3339"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"


_SCALE = {
    TimeFormat.SECONDS: 1_000_000,
    TimeFormat.MILLISECONDS: 1_000,
    TimeFormat.MICROSECONDS: 1,
}


def parse_time(value: object, form: TimeFormat, zone: Zone) -> Instant:
    """The instant that `value` means; ProtocolViolation where that would be a guess.

    `zone` is for times written without one. A local time that comes twice or never, at a change
    of the clock, is refused. Fractions finer than a microsecond are cut off.
    """
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise _not_a_time(value, form)
    instant = _local(value, zone) if form is TimeFormat.RFC3339 else _counted(value, form)
    if not _EARLIEST <= instant < _LATEST:
        raise _not_a_time(value, form)
    return instant


def _counted(value: str, form: TimeFormat) -> Instant:
    if not isinstance(value, Digits):
        raise _not_a_time(value, form)
    count = Decimal(value)
    if not 0 <= count.adjusted() <= 18:  # noqa: PLR2004 - 64 bits have 19 digits
        raise _not_a_time(value, form)
    return Instant(int(count * _SCALE[form]))


def _local(value: str, zone: Zone) -> Instant:
    if isinstance(value, Digits) or _DATE_TIME.fullmatch(value) is None:
        raise _not_a_time(value, TimeFormat.RFC3339)
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError as error:
        raise _not_a_time(value, TimeFormat.RFC3339) from error
    return from_datetime(moment if moment.tzinfo else _placed(moment, zone))


def _placed(moment: datetime, zone: Zone) -> datetime:
    if zone is None:
        raise ProtocolViolation(
            sentence("time {time} has no zone and the profile gives none", time=moment.isoformat())
        )
    placed = moment.replace(tzinfo=zone)
    if _offset(placed) != _offset(placed.replace(fold=1)):
        raise ProtocolViolation(
            sentence(
                "time {time} is not one instant in {zone}", time=moment.isoformat(), zone=zone.key
            )
        )
    return placed


def _offset(moment: datetime) -> timedelta | None:
    return moment.utcoffset()


def _not_a_time(value: object, form: TimeFormat) -> ProtocolViolation:
    text = repr(str(value)[:_LONGEST])
    return ProtocolViolation(sentence("{text} is not a time ({form})", text=text, form=form))
