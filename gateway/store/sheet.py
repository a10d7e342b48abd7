"""The rows of one transaction, filled batch by batch."""

from __future__ import annotations

import struct
from collections.abc import Iterable
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
_unpack_id = _ID.unpack


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
        first, rows, raws = self.next_seq, len(self.events), len(self.raws)
        try:
            for record in batch.wire:
                channel = self.names.channel(record)
                self.raws.append((record.raw_id, channel, record.at, record.data))
            duplicate = self._add_poll(batch) if batch.poll else self._add_events(batch.events)
        except (TypeError, ValueError, OverflowError, struct.error) as error:
            self._undo(first, rows, raws)
            return StoreError(f"{_place(batch)}: this batch can't be stored: {error}")
        receipt = Receipt(tuple(range(first, self.next_seq)), duplicate, len(batch.quarantine))
        if batch.quarantine or batch.resolutions:
            self._add_words(batch)
        return receipt

    def _add_events(self, events: Iterable[DeviceEvent]) -> int:
        duplicate = 0
        for event in events:
            identity = event.id
            if identity in self.known:
                duplicate += 1
                continue
            seq, received, subject = self.next_seq, event.received_at, event.subject
            series, device = self.names.series(event)
            marks, text, number, more = cells(event)
            high, low = _unpack_id(identity)
            self.events.append(
                (
                    seq,
                    0,
                    high,
                    low,
                    device,
                    series,
                    received,
                    event.observed_at - received,
                    event.raw_id,
                    marks,
                    text,
                    number,
                    subject and hash_of(subject, self.subject_key),
                    more,
                )
            )
            self.stored.append((seq, event))
            self.known.add(identity)
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
            *_unpack_id(batch.poll),
            self.names.series(first)[1],
            None,
            first.received_at,
            0,
            first.raw_id,
            0,
            None,
            None,
            None,
            pack(events, batch.poll, self._series),
        )
        self.events.append(row)
        self.stored.extend(zip(range(seq, seq + len(events)), events, strict=True))
        self.known.add(batch.poll)
        self.next_seq = seq + len(events)
        return 0

    def _add_words(self, batch: Batch) -> None:
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
        for done in batch.resolutions:
            self.resolutions.append((done.quarantine, done.at, done.actor, done.note))

    def _series(self, event: DeviceEvent) -> int:
        return self.names.series(event)[0]

    def _undo(self, next_seq: int, rows: int, raws: int) -> None:
        self.known -= {_ID.pack(row[2], row[3]) for row in self.events[rows:]}
        del self.raws[raws:], self.events[rows:]
        while self.stored and self.stored[-1][0] >= next_seq:
            self.stored.pop()
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
