"""The events of one message or poll in one row: pure, and exact both ways.

What a row says of its events stands in columns, whose bytes are made by `Bodies`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, TypeAlias

from gateway.keys import id_of_token, place_id, token_of
from gateway.model import Coding, DeviceEvent, Instant, Laterality, RawId, Source, Subject, Value
from gateway.store.marks import number_apart, standing, standing_of, value_marks, value_of
from gateway.store.rows import KINDS, Head
from gateway.store.series import Series

Column: TypeAlias = Sequence[Any]
"""One entry for each event, or a single one that holds for all."""

_FIELDS = attrgetter(
    "source",
    "id",
    "value",
    "clock",
    "quality",
    "status",
    "received_at",
    "observed_at",
    "raw_id",
    "subject",
    "flags",
    "range_text",
    "payload",
    "actor",
    "caused_by",
    "supersedes",
    "range_low",
    "range_high",
)
_RARE = ("ac", "cb", "su", "rl", "rh", "vc")
_NOTHING = ("", b"", b"", None, None, None)


class Numbered(Protocol):
    """An event's series in a segment's dictionary: its number, and the token it was made with."""

    @property
    def number(self) -> int: ...

    @property
    def token(self) -> int: ...


class Packed(NamedTuple):
    """The columns of a body, in the order of the file format.

    `ids` says what of an id can't be derived: nothing (None) for a poll; 0 where it has its series'
    token, another token, or all of it in hexadecimal digits. `received` is relative to the row's,
    `observed` to the event's own `received`, `raw` to the row's. `numbers` are those that no text
    says, `rare` what hardly any event has.
    """

    ids: Column | None
    series: Column
    marks: Column
    texts: Column
    numbers: Column
    received: Column
    observed: Column
    raw: Column
    subjects: Column
    flags: Column
    ranges: Column
    payloads: Column
    rare: Column


def pack(
    events: Sequence[DeviceEvent], occurrence: bytes, place: Callable[[DeviceEvent, int], Numbered]
) -> Packed:
    """The columns of events of one device, for a row under their occurrence id.

    `place` is given an event and its token. ValueError: they are of several devices.
    """
    first = events[0]
    sources, ids, values, *columns = zip(*map(_FIELDS, events), strict=True)
    if sources.count(first.source) < len(sources):
        _refuse_strangers(sources)
    received, observed, raw, subjects, flags, ranges, payloads, *rare = columns[3:]
    tokens = _tokens(ids, occurrence)
    places = [place(event, token or 0) for event, token in zip(events, tokens, strict=True)]
    marks = [*map(int.__or__, _standings(columns[:3]), map(value_marks, values))]
    codes = [None if value is None else value.code for value in values]
    base, start = first.raw_id or 0, first.received_at
    return Packed(
        ids=None if _is_poll(ids, occurrence) else _short([*map(_kept, ids, tokens, places)]),
        series=_short([each.number for each in places]),
        marks=_short(marks),
        texts=_short([None if value is None else value.text for value in values]),
        numbers=_short([*map(_number, marks, values)]),
        received=_short([at - start for at in received]),
        observed=_short([*map(int.__sub__, observed, received)]),
        raw=_short([None if each is None else each - base for each in raw]),
        subjects=[*map(_fold_subject, _short(subjects))],
        flags=_short(flags),
        ranges=_short(ranges),
        payloads=_plain(payloads),
        rare=[*map(_fold_rare, *_short_together(*rare, codes))],
    )


def _refuse_strangers(sources: Sequence[Source]) -> None:
    device = sources[0].device
    if any(source.device != device for source in sources):
        raise ValueError(f"a message of {device} holds another device's event")


def unpack(
    body: Sequence[Any], head: Head, count: int, series: Callable[[int], Series]
) -> Iterator[DeviceEvent]:
    """The events of a row; `head` is the row's, its id the occurrence id."""
    packed = Packed._make(body)
    lines = [series(number) for number in _long(packed.series, count)]
    ids = _ids(packed.ids, head.id, lines)
    subjects = _long([*map(_unfold_subject, packed.subjects)], count)
    columns = (packed.marks, packed.texts, packed.numbers, packed.received, packed.observed)
    beside = (packed.raw, packed.flags, packed.ranges, packed.payloads, packed.rare)
    rows = zip(*(_long(column, count) for column in (*columns, *beside)), strict=True)
    base = head.raw or 0
    for seq, (line, identity, subject, row) in enumerate(
        zip(lines, ids, subjects, rows, strict=True), head.seq
    ):
        marks, text, number, received, observed, raw, flags, said, payload, rare = row
        clock, quality, status = standing_of(marks)
        at = Instant(head.received + received)
        more = _unfold_rare(rare) if rare else {}
        yield DeviceEvent(
            id=identity,
            site=line.site,
            source=Source(line.device, line.driver, line.version),
            kind=KINDS[line.kind],
            code=Coding(line.system, line.code),
            value=value_of(marks, text, _unfold_number(number), more.pop("code", None)),
            unit=line.unit,
            received_at=at,
            observed_at=Instant(at + observed),
            clock=clock,
            quality=quality,
            status=status,
            raw_id=None if raw is None else RawId(base + raw),
            simulated=line.simulated,
            subject=subject,
            flags=tuple(flags),
            range_text=said,
            payload=payload,
            seq=seq,
            **more,
        )


def ids_in(
    body: Sequence[Any], occurrence: bytes, count: int, series: Callable[[int], Series]
) -> Sequence[bytes]:
    """The ids of a row's events."""
    packed = Packed._make(body)
    lines = [series(number) for number in _long(packed.series, count)]
    return _ids(packed.ids, occurrence, lines)


def subject_in(body: Sequence[Any]) -> Subject | None:
    """The subject of a row's first event, by whose patient the row is found."""
    return _unfold_subject(Packed._make(body).subjects[0])


def _ids(column: Column | None, occurrence: bytes, lines: Sequence[Series]) -> Sequence[bytes]:
    if column is None:
        return [place_id(occurrence, number) for number in range(len(lines))]
    kept = _long(column, len(lines))
    return [_id(occurrence, each, line.token) for each, line in zip(kept, lines, strict=True)]


def _tokens(ids: Sequence[bytes], occurrence: bytes) -> Sequence[int | None]:
    """The token of each id; all at once where all are of the occurrence."""
    halves = struct.unpack(f">{2 * len(ids)}q", b"".join(ids))
    high, low = struct.unpack(">qq", occurrence)
    if halves[::2].count(high) < len(ids):
        return [token_of(each, occurrence) for each in ids]
    return [each ^ low for each in halves[1::2]]


def _id(occurrence: bytes, kept: int | str, token: int) -> bytes:
    """The inverse of `_kept`."""
    return bytes.fromhex(kept) if isinstance(kept, str) else id_of_token(occurrence, kept or token)


def _kept(identity: bytes, token: int | None, place: Numbered) -> int | str:
    """What of an id its series does not say."""
    return 0 if token == place.token else token or identity.hex()


def _is_poll(ids: Sequence[bytes], occurrence: bytes) -> bool:
    if ids[0] != place_id(occurrence, 0):
        return False
    return all(each == place_id(occurrence, number) for number, each in enumerate(ids))


def _short(column: Column) -> Column:
    """One entry where all are the same."""
    return column[:1] if column.count(column[0]) == len(column) else column


def _plain(payloads: Column) -> Column:
    """Payloads as JSON takes them; never one for another, since 1, 1.0 and true are equal."""
    if payloads.count(None) == len(payloads):
        return (None,)
    return [each if each is None or isinstance(each, dict) else dict(each) for each in payloads]


def _long(column: Column, count: int) -> Column:
    """The inverse of `_short`."""
    return [column[0]] * count if len(column) < count else column


def _short_together(*columns: Column) -> Sequence[Column]:
    """One entry in each column where that is so in all of them."""
    shorts = [_short(column) for column in columns]
    return columns if any(len(each) > 1 for each in shorts) else shorts


def _standings(columns: Sequence[Column]) -> Column:
    rows = [standing(*row) for row in zip(*_short_together(*columns), strict=True)]
    return _long(rows, len(columns[0]))


def _number(marks: int, value: Value | None) -> float | str | None:
    """JSON has no infinity."""
    number = number_apart(marks, value)
    return number if number is None or math.isfinite(number) else str(number)


def _unfold_number(kept: float | str | None) -> float | None:
    return None if kept is None else float(kept)


def _fold_subject(subject: Subject | None) -> list[str | None] | None:
    if subject is None:
        return None
    return [
        subject.patient,
        subject.issuer,
        subject.specimen,
        subject.order,
        subject.session,
        subject.laterality,
    ]


def _unfold_subject(folded: list[str] | None) -> Subject | None:
    if folded is None:
        return None
    patient, issuer, specimen, order, session, side = folded
    laterality = Laterality(side) if side else None
    return Subject(patient, issuer, specimen, order, session, laterality)


def _fold_rare(*facts: Any) -> dict[str, Any] | None:
    if facts == _NOTHING:
        return None
    return {
        name: _as_json(fact)
        for name, fact in zip(_RARE, facts, strict=True)
        if fact not in (None, "", b"")
    }


def _as_json(fact: Any) -> Any:
    match fact:
        case bytes():
            return fact.hex()
        case Coding():
            return [fact.system, fact.code]
        case _:
            return fact


def _unfold_rare(kept: Mapping[str, Any]) -> dict[str, Any]:
    code = kept.get("vc")
    return {
        "actor": kept.get("ac", ""),
        "caused_by": bytes.fromhex(kept.get("cb", "")),
        "supersedes": bytes.fromhex(kept.get("su", "")),
        "range_low": kept.get("rl"),
        "range_high": kept.get("rh"),
        "code": None if code is None else Coding(*code),
    }
