"""The rows of one transaction, filled batch by batch."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gateway.errors import StoreError
from gateway.model import DeviceEvent, Receipt
from gateway.store.batch import Batch
from gateway.store.names import Names
from gateway.store.pack import pack
from gateway.store.rows import cells
from gateway.store.subject import hash_of

Row: TypeAlias = tuple[Any, ...]
_ID = struct.Struct(">qq")


@dataclass(slots=True)
class Sheet:
    """Rows to insert, and the events they hold with their seqs, in order.

    `known` are the ids that the store has already; ids added here join it. A batch that can't be
    encoded leaves nothing behind.
    """

    names: Names
    known: set[bytes]
    next_seq: int
    subject_key: bytes
    raws: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    resolutions: list[Row] = field(default_factory=list)
    stored: list[tuple[int, DeviceEvent]] = field(default_factory=list)

    def add(self, batch: Batch) -> Receipt | StoreError:
        """Take a batch in; a StoreError says why this one can never be stored."""
        marks = (self.next_seq, *map(len, self._lists()))
        try:
            return self._add(batch)
        except (TypeError, ValueError, OverflowError, struct.error) as error:
            self._undo(*marks)
            return StoreError(f"{_place(batch)}: this batch can't be stored: {error}")

    def _add(self, batch: Batch) -> Receipt:
        channel = self.names.channel
        for record in batch.wire:
            self.raws.append((record.raw_id, channel(record), record.at, record.data))
        first = self.next_seq
        duplicate = self._add_poll(batch) if batch.poll else self._add_events(batch)
        seqs = tuple(range(first, self.next_seq))
        if batch.quarantine:
            self._add_quarantine(batch)
        for done in batch.resolutions:
            self.resolutions.append((done.quarantine, done.at, done.actor, done.note))
        return Receipt(seqs, duplicate, len(batch.quarantine))

    def _add_events(self, batch: Batch) -> int:
        known, names, key = self.known, self.names, self.subject_key
        duplicate = 0
        for event in batch.events:
            if event.id in known:
                duplicate += 1
                continue
            marks, text, number, more = cells(event)
            seq = self.next_seq
            row = (
                seq,
                0,
                *_ID.unpack(event.id),
                names.device(event.source.device),
                names.series(event),
                event.received_at,
                event.observed_at - event.received_at,
                event.raw_id,
                marks,
                text,
                number,
                hash_of(event.subject, key),
                more,
            )
            self.events.append(row)
            self.stored.append((seq, event))
            known.add(event.id)
            self.next_seq = seq + 1
        return duplicate

    def _add_poll(self, batch: Batch) -> int:
        events = batch.events
        if not events or batch.poll in self.known:
            return len(events)
        first, seq = events[0], self.next_seq
        if any(event.subject is not None for event in events):
            raise ValueError("a poll can't carry a subject: publish it as events of their own")
        row = (
            seq,
            len(events) - 1,
            *_ID.unpack(batch.poll),
            self.names.device(first.source.device),
            None,
            first.received_at,
            0,
            first.raw_id,
            0,
            None,
            None,
            None,
            pack(events, batch.poll, self.names.series),
        )
        self.events.append(row)
        self.stored.extend(zip(range(seq, seq + len(events)), events, strict=True))
        self.known.add(batch.poll)
        self.next_seq = seq + len(events)
        return 0

    def _add_quarantine(self, batch: Batch) -> None:
        for number, entry in enumerate(batch.quarantine, self.next_seq):
            row = (
                number,
                entry.raw_id,
                entry.link,
                entry.device,
                str(entry.reason),
                entry.subject,
                entry.detail,
                entry.at,
            )
            self.quarantine.append(row)
        self.next_seq += len(batch.quarantine)

    def _lists(self) -> tuple[list[Any], ...]:
        return self.raws, self.events, self.quarantine, self.resolutions, self.stored

    def _undo(self, next_seq: int, *lengths: int) -> None:
        for row in self.events[lengths[1] :]:
            self.known.discard(_ID.pack(row[2], row[3]))
        for rows, length in zip(self._lists(), lengths, strict=True):
            del rows[length:]
        self.next_seq = next_seq


def ids_of(batch: Batch) -> list[bytes]:
    """The ids under which a batch's facts are recognized when they come again."""
    return [batch.poll] if batch.poll else [event.id for event in batch.events]


def _place(batch: Batch) -> str:
    for event in batch.events:
        return f"device {event.source.device}"
    for record in batch.wire:
        return f"link {record.link}"
    return "store"
