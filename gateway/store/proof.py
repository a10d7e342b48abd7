"""Proof that a copy of a store can be read: with these keys, by this Isogate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gateway.model import DeviceEvent
from gateway.seal import Keyring
from gateway.store.catalog import Catalog
from gateway.store.query import EventQuery, QuarantineQuery, RecordQuery
from gateway.store.segment_read import SegmentReader
from gateway.store.segment_write import inspect

_SAMPLE = 500
_LAST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Proof:
    """What was read: `events`, wire `records` and quarantine `entries`, up to `last_seq`."""

    segments: int
    last_seq: int
    events: int
    records: int
    entries: int


def prove(segments: Path, ring: Keyring | None) -> Proof:
    """Read the first and last 500 events of every segment, its newest records and its entries.

    Each opens only if it is authentic: StoreError if one does not, ConfigError if its key is lost.
    """
    last_seq = events = records = entries = 0
    files = Catalog.scan(segments).files if segments.is_dir() else ()
    for file in files:
        end = inspect(file, ring)
        last_seq = max(last_seq, end)
        with closing(SegmentReader(file, ring)) as reader:
            events += sum(1 for _ in _ends(reader, end))
            records += len(reader.records(RecordQuery(_SAMPLE)))
            found = reader.quarantine(QuarantineQuery(0, _LAST, _SAMPLE))
            entries += sum(1 for _ in islice(found, _SAMPLE))
    return Proof(len(files), last_seq, events, records, entries)


def _ends(reader: SegmentReader, end: int) -> Iterator[DeviceEvent]:
    first = list(islice(reader.events(EventQuery(0, end, _SAMPLE)), _SAMPLE))
    yield from first
    if first and first[-1].seq < end:
        after = max(first[-1].seq, end - _SAMPLE)
        yield from reader.events(EventQuery(after, end, _SAMPLE))
