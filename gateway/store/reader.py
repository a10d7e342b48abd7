"""Reading across segments, off the loop."""

from __future__ import annotations

import asyncio
import heapq
import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import apsw

from gateway.errors import StoreError
from gateway.model import DeviceEvent, Quarantined, RawId, Retention, WireRecord
from gateway.seal import Keyring
from gateway.store.batch import Resolution
from gateway.store.catalog import Catalog, SegmentFile
from gateway.store.query import EventQuery, QuarantineEntry, QuarantineQuery, RecordQuery
from gateway.store.segment_read import SegmentReader

_T = TypeVar("_T")
_PAGE = 500


class Reader:
    """Connections to every segment, for one thread at a time."""

    def __init__(self, catalog: Catalog, ring: Keyring | None) -> None:
        self._catalog, self._ring = catalog, ring
        self._open: dict[SegmentFile, SegmentReader] = {}

    def close(self) -> None:
        for segment in self._open.values():
            segment.close()
        self._open.clear()

    def events(self, query: EventQuery) -> list[DeviceEvent]:
        """One page, ordered by seq over all segments."""
        lanes = (self._lane(retention, query) for retention in Retention)
        return list(islice(heapq.merge(*lanes, key=lambda event: event.seq), query.limit))

    def seq_before(self, seq: int) -> int:
        return max((segment.seq_before(seq) for segment in self._segments()), default=0)

    def event(self, seq: int) -> DeviceEvent | None:
        found = (segment.event(seq) for segment in self._newest_first())
        return next((event for event in found if event is not None), None)

    def record(self, raw_id: RawId) -> WireRecord | None:
        found = (segment.record(raw_id) for segment in self._newest_first())
        return next((record for record in found if record is not None), None)

    def records(self, query: RecordQuery) -> list[WireRecord]:
        """One page, newest first over all segments."""
        pages = (segment.records(query) for segment in self._newest_first())
        merged = sorted(
            (record for page in pages for record in page),
            key=lambda record: record.raw_id,
            reverse=True,
        )
        return merged[: query.limit]

    def quarantine(self, query: QuarantineQuery) -> list[QuarantineEntry]:
        """One page, ordered by id over all segments."""
        lanes = [segment.quarantine(query) for segment in self._segments()]
        merged = heapq.merge(*lanes, key=lambda pair: pair[0])
        return list(islice(self._judged(merged, query), query.limit))

    def _judged(
        self, found: Iterator[tuple[int, Quarantined]], query: QuarantineQuery
    ) -> Iterator[QuarantineEntry]:
        while page := list(islice(found, _PAGE)):
            said = self._resolutions([number for number, _ in page])
            for number, entry in page:
                if not (query.open_only and number in said):
                    yield QuarantineEntry(number, entry, said.get(number))

    def _resolutions(self, ids: list[int]) -> dict[int, Resolution]:
        return {
            said.quarantine: said
            for segment in self._newest_first()
            if segment.file.retention is Retention.RECORD
            for said in segment.resolutions(ids)
        }

    def _lane(self, retention: Retention, query: EventQuery) -> Iterator[DeviceEvent]:
        """The events of one retention class; its segments follow each other in seq."""
        for segment in self._segments():
            if segment.file.retention is retention:
                yield from segment.events(query)

    def _newest_first(self) -> Iterable[SegmentReader]:
        return reversed(self._segments())

    def _segments(self) -> list[SegmentReader]:
        files = self._catalog.files
        for gone in [file for file in self._open if file not in files]:
            self._open.pop(gone).close()
        return [self._opened(file) for file in files]

    def _opened(self, file: SegmentFile) -> SegmentReader:
        if file not in self._open:
            self._open[file] = SegmentReader(file, self._ring)
        return self._open[file]


class ReaderPool:
    """A few threads, each with a reader of its own while it works."""

    def __init__(self, catalog: Catalog, ring: Keyring | None, size: int) -> None:
        self._readers = [Reader(catalog, ring) for _ in range(size)]
        self._idle: queue.SimpleQueue[Reader] = queue.SimpleQueue()
        for reader in self._readers:
            self._idle.put(reader)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="store-reader")

    async def run(self, question: Callable[[Reader], _T]) -> _T:
        """Answer in a thread; waits in line when all are busy. StoreError: it can't be read."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, question)

    def close(self) -> None:
        """Wait for what is running and close every file."""
        self._threads.shutdown()
        for reader in self._readers:
            reader.close()

    def _ask(self, question: Callable[[Reader], _T]) -> _T:
        reader = self._idle.get()
        try:
            return _answer(reader, question)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"the store can't be read: {error}") from error
        finally:
            self._idle.put(reader)


def _answer(reader: Reader, question: Callable[[Reader], _T]) -> _T:
    """Ask; once more if a segment was closed or dropped between its listing and its opening."""
    try:
        return question(reader)
    except apsw.CantOpenError:
        return question(reader)
