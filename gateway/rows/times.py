"""Times as sources write them. A wall time is a naive datetime: what the source's clock shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.model import Instant, from_datetime, sentence, to_datetime

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time
_UNITS = {"s": timedelta(seconds=1), "ms": timedelta(milliseconds=1)}


class TimeForm(StrEnum):
    """How a column holds a time.

    NAIVE is a timestamp without a zone, or its ISO 8601 text: the device's zone. AWARE carries a
    zone. EPOCH_S and EPOCH_MS count since 1970-01-01T00:00:00Z. AWARE and counts are put in order
    by UTC, so that is their wall time.
    """

    NAIVE = "naive"
    AWARE = "aware"
    EPOCH_S = "epoch-s"
    EPOCH_MS = "epoch-ms"


def parse_wall(value: object, form: TimeForm, pattern: str = "") -> datetime:
    """The wall time of a column's value; ValueError where it is not one.

    `pattern` is that of `datetime.strptime`, for text in another form than ISO 8601.
    """
    match form:
        case TimeForm.NAIVE:
            return _naive(value, pattern)
        case TimeForm.AWARE:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            if moment.tzinfo is None:
                raise ValueError(sentence("{time} has no zone", time=moment.isoformat()))
            return moment.astimezone(UTC).replace(tzinfo=None)
        case TimeForm.EPOCH_S | TimeForm.EPOCH_MS:
            return _counted(value, form)


def write_wall(at: datetime, form: TimeForm, pattern: str = "") -> str | int | datetime:
    """A wall time as `form` writes it; for NAIVE without a pattern and for AWARE, a datetime."""
    match form:
        case TimeForm.NAIVE:
            return at.strftime(pattern) if pattern else at
        case TimeForm.AWARE:
            return at.replace(tzinfo=UTC)
        case TimeForm.EPOCH_S | TimeForm.EPOCH_MS:
            return (at - _EPOCH) // _UNITS[form.value.removeprefix("epoch-")]


def wall_of(instant: Instant, form: TimeForm, zone: str) -> datetime:
    """What the source's clock shows at an instant."""
    moment = to_datetime(instant)
    return (moment.astimezone(ZoneInfo(zone)) if form is TimeForm.NAIVE else moment).replace(
        tzinfo=None
    )


def zone_of(zone: str) -> ZoneInfo:
    """The zone of an IANA name."""
    return ZoneInfo(zone)


def instant_of(wall: datetime, form: TimeForm, zone: str) -> Instant | None:
    """The instant of a wall time; None where it comes twice or never in its zone."""
    stated = ZoneInfo(zone) if form is TimeForm.NAIVE else UTC
    earlier, later = (wall.replace(tzinfo=stated, fold=fold) for fold in (0, 1))
    return from_datetime(earlier) if earlier.utcoffset() == later.utcoffset() else None


def _naive(value: object, pattern: str) -> datetime:
    if isinstance(value, datetime):
        moment = value
    elif pattern:
        moment = datetime.strptime(str(value), pattern)  # noqa: DTZ007 - a wall time
    else:
        moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is not None:
        raise ValueError(
            sentence("{time} has a zone: declare the column `aware`", time=moment.isoformat())
        )
    return moment


def _counted(value: object, form: TimeForm) -> datetime:
    try:
        return _EPOCH + int(str(value)) * _UNITS[form.value.removeprefix("epoch-")]
    except OverflowError:
        raise ValueError(sentence("{value} is no time", value=value)) from None
