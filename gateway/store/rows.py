"""One event that has a row of its own and no body: pure, and exact both ways."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import NamedTuple

from gateway.model import Coding, DeviceEvent, Instant, Kind, RawId, Source
from gateway.store.marks import marks_of, number_apart, standing_of, value_of
from gateway.store.series import Series

KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}

_RARE = attrgetter(
    "subject",
    "payload",
    "flags",
    "range_text",
    "actor",
    "caused_by",
    "supersedes",
    "range_low",
    "range_high",
)
_NONE = (None, None, (), "", "", b"", b"", None, None)


class Cells(NamedTuple):
    """The part of a plain row that belongs to the value and its standing.

    `number` is what its column holds: NaN, which SQLite would store as NULL, is told from "no
    number" by the marks.
    """

    marks: int
    text: str | None
    number: float | None


class Head(NamedTuple):
    """Identity and times of an event, apart from its value."""

    seq: int
    id: bytes
    received: int
    observed: int
    raw: int | None


def is_plain(event: DeviceEvent) -> bool:
    """Whether its head, its series and its value are all that an event says."""
    value = event.value
    return _RARE(event) == _NONE and (value is None or value.code is None)


def is_number(event: DeviceEvent) -> bool:
    """Whether it is plain, and no words are in it: what may stand unsealed among telemetry."""
    value = event.value
    return is_plain(event) and (value is None or value.number is not None)


def is_never(_event: DeviceEvent) -> bool:
    """What is said of every event where each one is sealed."""
    return False


def cells(event: DeviceEvent) -> Cells:
    """What the row of a plain event says beside its head and its series."""
    marks, value = marks_of(event), event.value
    text = None if value is None else value.text
    return Cells(marks, text, number_apart(marks, value))


def event(head: Head, series: Series, cell: Cells) -> DeviceEvent:
    """The event of a plain row; the inverse of `series_key` and `cells`."""
    clock, quality, status = standing_of(cell.marks)
    return DeviceEvent(
        id=head.id,
        site=series.site,
        source=Source(series.device, series.driver, series.version),
        kind=KINDS[series.kind],
        code=Coding(series.system, series.code),
        value=value_of(cell.marks, cell.text, cell.number, None),
        unit=series.unit,
        received_at=Instant(head.received),
        observed_at=Instant(head.observed),
        clock=clock,
        quality=quality,
        status=status,
        raw_id=None if head.raw is None else RawId(head.raw),
        simulated=series.simulated,
        seq=head.seq,
    )
