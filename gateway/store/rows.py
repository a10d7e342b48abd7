"""One event and its row: pure, and exact both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import orjson

from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Laterality,
    Operator,
    Quality,
    RawId,
    Source,
    Status,
    Subject,
    Value,
)

# The order of these is part of the file format: append only.
_CLOCKS = (ClockQuality.GATEWAY, ClockQuality.DEVICE, ClockQuality.SUSPECT)
_QUALITIES = (Quality.GOOD, Quality.UNCERTAIN, Quality.STALE, Quality.BAD)
_STATUSES = (
    Status.FINAL,
    Status.PRELIMINARY,
    Status.CORRECTED,
    Status.CANCELLED,
    Status.ENTERED_IN_ERROR,
    Status.QC,
)
_OPERATORS = (None, Operator.LESS, Operator.AT_MOST, Operator.AT_LEAST, Operator.GREATER)

_CLOCK_BITS = {term: index << 2 for index, term in enumerate(_CLOCKS)}
_QUALITY_BITS = {term: index << 4 for index, term in enumerate(_QUALITIES)}
_STATUS_BITS = {term: index << 6 for index, term in enumerate(_STATUSES)}
_OPERATOR_BITS = {term: index << 9 for index, term in enumerate(_OPERATORS)}
_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}

NO_NUMBER, NUMBER_IS_TEXT, NUMBER_APART, NO_VALUE = range(4)
"""Lowest two bits of the marks: where the value's number stands, or that there is no value."""

MARK_BITS = 12
"""Bits of the marks in use."""


class Series(NamedTuple):
    """What the events of one point have in common; the dictionary that keeps rows small."""

    site: str
    device: str
    driver: str
    version: str
    kind: str
    system: str
    code: str
    unit: str
    simulated: bool


SeriesKey: TypeAlias = tuple[str, str, str, str, str, str, str, str, bool]


class Cells(NamedTuple):
    """The part of a row that belongs to the value and its standing.

    `number` is what its column (or the packed entry) holds: NaN, which SQLite would store as
    NULL, is `nan` here and told from "no number" by the marks.
    """

    marks: int
    text: str | None
    number: float | None
    more: bytes | None


class Head(NamedTuple):
    """Identity and times of an event, apart from its value."""

    seq: int
    id: bytes
    received: int
    observed: int
    raw: int | None


def series_key(event: DeviceEvent) -> SeriesKey:
    """The dictionary key of an event's series; compares equal to its `Series`."""
    source, code = event.source, event.code
    return (
        event.site,
        source.device,
        source.driver,
        source.version,
        event.kind,
        code.system,
        code.code,
        event.unit,
        event.simulated,
    )


def cells(event: DeviceEvent) -> Cells:
    """Encode value and standing. TypeError or ValueError: the payload is not JSON."""
    marks = _standing(event)
    more = _more(event)
    value = event.value
    if value is None:
        return Cells(marks | NO_VALUE, None, None, more)
    if value.operator is not None:
        marks |= _OPERATOR_BITS[value.operator]
    if value.number is None:
        return Cells(marks, value.text, None, more)
    if _says(value.text, value.number):
        return Cells(marks | NUMBER_IS_TEXT, value.text, None, more)
    return Cells(marks | NUMBER_APART, value.text, value.number, more)


def event(head: Head, series: Series, cell: Cells) -> DeviceEvent:
    """The event of a row; the inverse of `series_key` and `cells`."""
    marks = cell.marks
    extra = orjson.loads(cell.more) if cell.more else {}
    return DeviceEvent(
        id=head.id,
        site=series.site,
        source=Source(series.device, series.driver, series.version),
        kind=_KINDS[series.kind],
        code=Coding(series.system, series.code),
        value=_value(cell, extra),
        unit=series.unit,
        received_at=Instant(head.received),
        observed_at=Instant(head.observed),
        clock=_CLOCKS[marks >> 2 & 3],
        quality=_QUALITIES[marks >> 4 & 3],
        status=_STATUSES[marks >> 6 & 7],
        raw_id=None if head.raw is None else RawId(head.raw),
        simulated=bool(series.simulated),
        seq=head.seq,
        **(_unfold(extra) if extra else {}),
    )


def _standing(event: DeviceEvent) -> int:
    """The bits of clock, quality and status; 0 for what nearly every event has."""
    clock, quality, status = event.clock, event.quality, event.status
    if clock is _CLOCKS[0] and quality is _QUALITIES[0] and status is _STATUSES[0]:
        return 0
    return _CLOCK_BITS[clock] | _QUALITY_BITS[quality] | _STATUS_BITS[status]


def _says(text: str, number: float) -> bool:
    try:
        return float(text) == number
    except ValueError:
        return False


def _value(cell: Cells, extra: Mapping[str, Any]) -> Value | None:
    where = cell.marks & 3
    if where == NO_VALUE:
        return None
    text = cell.text or ""
    number = float(text) if where == NUMBER_IS_TEXT else cell.number
    if where == NUMBER_APART and number is None:
        number = float("nan")
    code = extra.get("vc")
    return Value(text, number, _OPERATORS[cell.marks >> 9 & 7], Coding(*code) if code else None)


def _more(event: DeviceEvent) -> bytes | None:
    """What few events have, as JSON; None for all others."""
    value, subject = event.value, event.subject
    if not (
        event.actor
        or event.caused_by
        or event.supersedes
        or event.flags
        or event.range_text
        or event.range_low is not None
        or event.range_high is not None
        or subject is not None
        or event.payload is not None
        or (value is not None and value.code is not None)
    ):
        return None
    facts = {
        "ac": event.actor,
        "cb": event.caused_by.hex(),
        "su": event.supersedes.hex(),
        "fl": event.flags,
        "rt": event.range_text,
        "rl": event.range_low,
        "rh": event.range_high,
        "vc": (value.code.system, value.code.code) if value and value.code else None,
        "sj": _fold_subject(subject) if subject else None,
    }
    kept: dict[str, Any] = {key: fact for key, fact in facts.items() if fact not in (None, "", ())}
    if event.payload is not None:
        kept["pl"] = dict(event.payload)
    return orjson.dumps(kept)


def _fold_subject(subject: Subject) -> list[str | None]:
    return [
        subject.patient,
        subject.issuer,
        subject.specimen,
        subject.order,
        subject.session,
        subject.laterality,
    ]


def _unfold(extra: Mapping[str, Any]) -> dict[str, Any]:
    subject = extra.get("sj")
    return {
        "actor": extra.get("ac", ""),
        "caused_by": bytes.fromhex(extra.get("cb", "")),
        "supersedes": bytes.fromhex(extra.get("su", "")),
        "flags": tuple(extra.get("fl", ())),
        "range_text": extra.get("rt", ""),
        "range_low": extra.get("rl"),
        "range_high": extra.get("rh"),
        "payload": extra.get("pl"),
        "subject": None if subject is None else _unfold_subject(subject),
    }


def _unfold_subject(folded: list[str]) -> Subject:
    *names, side = folded
    patient, issuer, specimen, order, session = names
    laterality = Laterality(side) if side else None
    return Subject(patient, issuer, specimen, order, session, laterality)
