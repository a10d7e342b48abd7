"""The rows of one transaction, filled batch by batch."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeAlias

from gateway.errors import StoreError
from gateway.model import DeviceEvent, Receipt
from gateway.store.batch import Batch, Message
from gateway.store.blocks import RawRow
from gateway.store.body import Bodies, place_of_event, place_of_words
from gateway.store.names import Names
from gateway.store.pack import pack
from gateway.store.rows import cells
from gateway.store.subject import Index, hash_of

Row: TypeAlias = tuple[Any, ...]
_unpack_id = struct.Struct(">qq").unpack


@dataclass(slots=True)
class Sheet:
    """Rows to insert, and the events they hold with their seqs, in order.

    `known` are the ids that the store has already; ids added here join it. An event that `is_bare`
    needs no body. A batch that can't be encoded leaves nothing behind.
    """

    names: Names
    bodies: Bodies
    known: set[bytes]
    next_seq: int
    index: Index
    is_bare: Callable[[DeviceEvent], bool]
    raws: list[RawRow] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    resolutions: list[Row] = field(default_factory=list)
    stored: list[tuple[int, DeviceEvent]] = field(default_factory=list)

    def add(self, batch: Batch) -> Receipt | StoreError:
        """Take a batch in; a StoreError says why this one can never be stored."""
        first, rows, raws = self.next_seq, len(self.events), len(self.raws)
        try:
            channel = self.names.channel
            self.raws += [
                RawRow(each.raw_id, channel(each), each.at, each.data) for each in batch.wire
            ]
            for event in batch.events:
                self._add_event(event)
            for message in batch.messages:
                self._add_message(message)
        except (TypeError, ValueError, OverflowError, struct.error) as error:
            self._undo(first, rows, raws)
            return StoreError(f"{_place(batch)}: this batch can't be stored: {error}")
        seqs = tuple(range(first, self.next_seq))
        receipt = Receipt(seqs, batch.count() - len(seqs), len(batch.quarantine))
        if batch.quarantine or batch.resolutions:
            self._add_words(batch)
        return receipt

    def _add_event(self, event: DeviceEvent) -> None:
        """Store an event by itself, with a body unless it is bare."""
        identity = event.id
        if identity in self.known:
            return
        if not self.is_bare(event):
            self._add_packed(identity, (event,))
            return
        seq, received, line = self.next_seq, event.received_at, self.names.series(event)
        marks, text, number = cells(event)
        self.events.append(
            (
                seq,
                0,
                *_unpack_id(identity),
                line.device,
                line.number,
                received,
                event.observed_at - received,
                event.raw_id,
                marks,
                text,
                number,
                None,
                None,
            )
        )
        self._took((event,))

    def _add_message(self, message: Message) -> None:
        known = self.known
        new = [event for event in message.events if event.id not in known]
        for events in _by_patient(new):
            self._add_packed(message.occurrence, events)

    def _add_packed(self, occurrence: bytes, events: Sequence[DeviceEvent]) -> None:
        """One row; the series of its events and their patient stand beside the body."""
        first, seq, span = events[0], self.next_seq, len(events) - 1
        packed = pack(events, occurrence, self.names.series)
        high, low = _unpack_id(occurrence)
        device, received, raw = self.names.series(first).device, first.received_at, first.raw_id
        place = place_of_event(seq, span, high, low, device, received, raw)
        self.events.append(
            (
                seq,
                span,
                high,
                low,
                device,
                packed.series[0] if len(packed.series) == 1 else None,
                received,
                0,
                raw,
                0,
                None,
                None,
                hash_of(first.subject, self.index),
                self.bodies.write(tuple(packed), place),
            )
        )
        self._took(events)

    def _took(self, events: Sequence[DeviceEvent]) -> None:
        seq = self.next_seq
        self.next_seq = seq + len(events)
        self.stored.extend(zip(range(seq, self.next_seq), events, strict=True))
        self.known.update([event.id for event in events])

    def _add_words(self, batch: Batch) -> None:
        for number, entry in enumerate(batch.quarantine, self.next_seq):
            row = (
                number,
                entry.raw_id,
                entry.link,
                entry.device,
                str(entry.reason),
                entry.at,
                self._words(b"q", number, entry.at, entry.subject, entry.detail),
            )
            self.quarantine.append(row)
        self.next_seq += len(batch.quarantine)
        for done in batch.resolutions:
            body = self._words(b"r", done.quarantine, done.at, done.actor, done.note)
            self.resolutions.append((done.quarantine, done.at, body))

    def _words(self, table: bytes, number: int, at: int, *words: str) -> bytes:
        return self.bodies.write(words, place_of_words(table, number, at))

    def _undo(self, next_seq: int, rows: int, raws: int) -> None:
        del self.raws[raws:], self.events[rows:]
        while self.stored and self.stored[-1][0] >= next_seq:
            _, event = self.stored.pop()
            self.known.discard(event.id)
        self.next_seq = next_seq


def _by_patient(events: Sequence[DeviceEvent]) -> Iterator[Sequence[DeviceEvent]]:
    """Runs of events about one patient: a row is found by one."""
    subjects = [event.subject for event in events]
    if events and subjects.count(subjects[0]) == len(subjects):
        yield events
        return
    for _, run in groupby(events, _patient):
        yield tuple(run)


def _patient(event: DeviceEvent) -> tuple[str, str] | None:
    subject = event.subject
    return (subject.issuer, subject.patient) if subject is not None and subject.patient else None


def _place(batch: Batch) -> str:
    for message in batch.messages:
        for event in message.events:
            return f"device {event.source.device}"
    for event in batch.events:
        return f"device {event.source.device}"
    for record in batch.wire:
        return f"link {record.link}"
    return "store"
