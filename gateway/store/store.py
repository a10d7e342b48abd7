"""The event store: what is acknowledged is here, durable and in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.errors import StoreError
from gateway.model import (
    Clock,
    DeviceEvent,
    Instant,
    Kind,
    QuarantineReason,
    RawId,
    Receipt,
    Retention,
    WireRecord,
)
from gateway.seal import Progress
from gateway.store.batch import Batch, Resolution
from gateway.store.bridge import fail, in_writer, on_loop
from gateway.store.catalog import Catalog, month_start
from gateway.store.cut import Cut
from gateway.store.directory import DataDirectory, note_ring, occupy
from gateway.store.follow import Stream
from gateway.store.options import StoreOptions
from gateway.store.projection import Projection
from gateway.store.query import (
    EventQuery,
    Patient,
    QuarantineEntry,
    QuarantineQuery,
    RecordQuery,
    RollupRow,
)
from gateway.store.raw_ids import RawIds, read_reserved, reserve
from gateway.store.reader import ReaderPool
from gateway.store.ring import RawRing
from gateway.store.segment_key import PURPOSE
from gateway.store.state import StoreHealth, StoreState
from gateway.store.upkeep import Upkeep
from gateway.store.views import Width
from gateway.store.writer import Request, Settlement, Writer

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
_BATCH_OVERHEAD = 500
_EVENT_OVERHEAD = 500
_DAY = 86_400_000_000


LONG_AGO = 1
"""The arrival of events that are read from old messages: no news to anybody."""


class EventStore:
    """The store of one gateway. Every method is called on the loop that opened it."""

    name = "events"
    purposes = (PURPOSE,)

    def __init__(
        self, directory: DataDirectory, options: StoreOptions, clock: Clock, catalog: Catalog
    ) -> None:
        self._directory, self._options, self._clock = directory, options, clock
        self._catalog = catalog
        self._loop = loop = asyncio.get_running_loop()
        self._state = StoreState(StoreHealth.OK, clock.now())
        self._readers = ReaderPool(catalog, options.ring, options.readers)
        self._writer = Writer(
            catalog,
            options,
            clock,
            folder=directory.segments,
            first_seq=read_reserved(directory.next_seq),
            settle=on_loop(loop, self._settle),
            turn=on_loop(loop, self._turn),
        )
        self._stream = Stream(self._writer.last_seq, options.tail_events, self._read)
        self._ring = RawRing(options.ring_bytes, options.ring_seconds)
        self._raw_ids = RawIds(read_reserved(directory.raw_ids), reserve(directory.raw_ids))
        self._reserving = False
        self._upkeep = Upkeep(catalog, options.ring, self._in_writer)
        self._projection = Projection(directory.views, self._writer.last_seq)
        self._arrivals = self._waiting = self._waiting_bytes = 0
        self._room, self._turned = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, options: StoreOptions, clock: Clock
    ) -> AsyncIterator[EventStore]:
        """Open or create the store in a data directory; leaving commits what is queued.

        ConfigError: the directory is in use, of another data format, or keyed otherwise.
        StoreError: the disk can't be written or read.
        """
        async with AsyncExitStack() as stack:
            try:
                directory = stack.enter_context(occupy(path))
                note_ring(directory, options.ring)
                store = cls(directory, options, clock, Catalog.scan(directory.segments))
            except (apsw.Error, OSError) as error:
                raise StoreError(f"{path}: the store can't be opened: {error}") from error
            stack.push_async_callback(store._close)
            await store._start()
            if options.ring is not None:
                stack.enter_context(options.ring.used_by(store))
            yield store

    @property
    def state(self) -> StoreState:
        return self._state

    async def turned(self) -> StoreState:
        """Wait for the next change of `state`."""
        await self._turned.wait()
        return self._state

    @property
    def last_seq(self) -> int:
        """The highest seq on disk; a follower from here sees only what comes."""
        return self._stream.last_seq

    def raw_id(self) -> RawId:
        """Allot the id of a wire record: never given before, and never again."""
        if self._raw_ids.low and not self._reserving:
            self._reserve()
        return self._raw_ids.allot()

    async def append(self, batch: Batch) -> Receipt:
        """Commit a batch; when it returns, everything in it is on disk.

        StoreError: nothing of it is. A cancelled wait leaves open which.
        """
        if not self._room.is_set():
            await self.ready()
        return await self.submit(batch)

    def submit(self, batch: Batch, arrival: int | None = None) -> asyncio.Future[Receipt]:
        """Queue a batch; the future ends as `append` does. Await `ready` first to keep memory.

        `arrival` is what `observe` gave for the same events, if they were shown before; LONG_AGO
        leaves every latest value that is there already.
        """
        if self._closing or self._writer.stopped:
            raise StoreError("the store is closed")
        size = _BATCH_OVERHEAD + _EVENT_OVERHEAD * batch.count()
        for record in batch.wire:
            size += len(record.data)
        future: asyncio.Future[Receipt] = self._loop.create_future()
        self._waiting += 1
        self._waiting_bytes += size
        self._writer.put(Request(batch, future, arrival or self._arrive(), size))
        if self._is_full():
            self._room.clear()
        return future

    async def ready(self) -> None:
        """Wait while the queue is full."""
        while not self._room.is_set():
            await self._room.wait()

    def observe(self, events: Sequence[DeviceEvent], record: Sequence[WireRecord]) -> int:
        """Show readings before, or instead of, storing them; the number of their arrival.

        They feed `latest`, and their bytes stay in memory for a while.
        """
        arrival = self._arrive()
        self._projection.latest.put([(0, event) for event in events], arrival)
        self._ring.add(record)
        return arrival

    def _arrive(self) -> int:
        self._arrivals += 1
        return self._arrivals

    def latest(self, device: str | None = None) -> list[DeviceEvent]:
        """The newest event of each device, code system and code; seq 0 if it was not stored."""
        return self._projection.latest.events(device)

    def retain_latest(self, wanted: Callable[[DeviceEvent], bool]) -> None:
        """Forget the latest values that are not wanted: their points are no longer configured."""
        self._projection.latest.retain(wanted)

    async def events(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        device: str | None = None,
        kinds: Collection[Kind] = (),
        code: str | None = None,
        patient: Patient | None = None,
        upto: int | None = None,
    ) -> list[DeviceEvent]:
        """Events with a seq above `after`, in order of seq, at most `limit`.

        None above `upto`, if it is given.
        """
        last = self._stream.last_seq
        end = last if upto is None else min(upto, last)
        if device is None and not kinds and code is None and patient is None and end == last:
            recent = self._stream.recent(after, limit)
            if recent is not None:
                return recent
        query = EventQuery(after, end, limit, device, frozenset(kinds), code, patient)
        return await self._read(query)

    async def seq_before(self, seq: int) -> int:
        """The highest seq of an event below `seq`, 0 if there is none: a restore leaves a gap."""
        return await self._readers.run(lambda reader: reader.seq_before(seq))

    async def event(self, seq: int) -> DeviceEvent | None:
        return await self._readers.run(lambda reader: reader.event(seq))

    async def record(self, raw_id: RawId) -> WireRecord | None:
        """The bytes of a raw id, from disk or of a reading that was only observed."""
        held = self._ring.get(raw_id)
        return held or await self._readers.run(lambda reader: reader.record(raw_id))

    async def records(
        self,
        *,
        link: str | None = None,
        device: str | None = None,
        session: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[WireRecord]:
        """Journalled records with a raw id below `before`, newest first."""
        query = RecordQuery(limit, before, link, device, session)
        return await self._readers.run(lambda reader: reader.records(query))

    async def quarantine(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        reason: QuarantineReason | None = None,
        device: str | None = None,
        open_only: bool = False,
    ) -> list[QuarantineEntry]:
        """Quarantine entries with an id above `after`, oldest first."""
        query = QuarantineQuery(after, self._stream.last_seq, limit, reason, device, open_only)
        return await self._readers.run(lambda reader: reader.quarantine(query))

    async def resolve(self, quarantine: int, *, actor: str, note: str = "") -> None:
        """Note durably that an entry needs nobody any more; the first word stands."""
        word = Resolution(quarantine, self._clock.now(), actor, note)
        await self.append(Batch(Retention.RECORD, resolutions=(word,)))

    async def rollup(
        self, device: str, code: str, start: Instant, end: Instant, bucket: Width
    ) -> list[RollupRow]:
        """The sums of a device's code in the buckets that start in [start, end)."""
        return await self._projection.rollup(device, code, start, end, bucket)

    async def summary(self, start: Instant, end: Instant, bucket: Width = "1h") -> list[RollupRow]:
        """One row per series of every device over [start, end)."""
        return await self._projection.summary(start, end, bucket)

    def follow(self, after: int) -> AsyncGenerator[Sequence[DeviceEvent], None]:
        """Events after a seq, first from disk, then as they commit; in order, none left out.

        A follower holds no buffer: one that falls behind the shared tail reads from disk. Ends
        when the store closes.
        """
        return self._stream.follow(after)

    async def _read(self, query: EventQuery) -> list[DeviceEvent]:
        return await self._readers.run(lambda reader: reader.events(query))

    async def close_segments(self, *, current: bool = False) -> list[Path]:
        """Compress the segments of past months, or all; appending goes on meanwhile."""
        try:
            closed = await self._upkeep.close(self._clock.now(), current=current)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"{self._directory.path}: closing failed: {error}") from error
        return [file.path for file in closed]

    async def keys(self) -> set[int]:
        """The keys that seal the segments (`gateway.seal.KeyUser`)."""
        try:
            return await self._upkeep.keys()
        except (apsw.Error, OSError) as error:
            raise StoreError(f"{self._directory.path}: can't be read: {error}") from error

    async def reseal(self, progress: Progress) -> None:
        """Rewrite what is sealed with other keys than the active one; appending goes on."""
        try:
            await self._upkeep.reseal(progress)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"{self._directory.path}: resealing failed: {error}") from error

    async def drop_telemetry(self, before: Instant) -> list[Path]:
        """Drop the telemetry segments of the months before an instant's, for good.

        There is no such thing for RECORD segments: what they hold is folded by projections, and
        goes only after a verified snapshot of these.
        """
        dropped = await self._upkeep.drop_telemetry(before)
        self._stream.forget()
        await self._projection.forget_before(month_start(before))
        return [file.path for file in dropped]

    @asynccontextmanager
    async def cut(self) -> AsyncIterator[Cut]:
        """Hold one moment of every segment within the block; appends go on.

        What else is to be of that moment or before is to be copied first.
        """
        async with self._upkeep.lock:
            cut = await self._in_writer(self._cut)
            try:
                yield cut
            finally:
                await asyncio.to_thread(cut.close)

    def _cut(self, writer: Writer) -> Cut:
        raw_ids = read_reserved(self._directory.raw_ids)
        cut = Cut(self._clock.now(), writer.next_seq - 1, raw_ids)
        cut.pin((file.path, file.closed) for file in writer.catalog.files)
        return cut

    async def settle_views(self) -> None:
        """Bring the file of the roll-ups up to date, if the disk takes it."""
        with suppress(StoreError):
            await self._projection.flush()

    def _settle(self, settlement: Settlement) -> None:
        stored, fold = iter(settlement.stored), self._projection.fold
        for request, outcome in settlement.outcomes:
            self._waiting -= 1
            self._waiting_bytes -= request.size
            if isinstance(outcome, StoreError):
                fail(request.future, outcome)
                continue
            if outcome.seqs:
                fold([*islice(stored, len(outcome.seqs))], request.arrival)
            if not request.future.done():
                request.future.set_result(outcome)
        self._projection.cursor = settlement.last_seq
        if not self._room.is_set() and not self._is_full():
            self._room.set()
        self._stream.extend(settlement.stored, settlement.last_seq)

    def _turn(self, state: StoreState) -> None:
        self._state = state
        self._turned.set()
        self._turned = asyncio.Event()

    def _is_full(self) -> bool:
        return (
            self._waiting >= self._options.queue_batches
            or self._waiting_bytes >= self._options.queue_bytes
        )

    def _reserve(self) -> None:
        self._reserving = True
        path = self._directory.raw_ids
        self._in_writer(lambda _: reserve(path)).add_done_callback(self._reserved)

    def _reserved(self, future: asyncio.Future[int]) -> None:
        self._reserving = False
        if future.exception() is None:
            self._raw_ids.extend(future.result())

    def _in_writer(self, work: Callable[[Writer], _T]) -> asyncio.Future[_T]:
        return in_writer(self._writer, work)

    async def _start(self) -> None:
        await self._projection.catch_up(self._readers, self._stream.last_seq)
        self._writer.start()
        self._projection.start(self._options.project_seconds)
        self._task = asyncio.create_task(self._keep_up(), name="store-upkeep")

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(self._options.upkeep_seconds)
            try:
                await self.close_segments()
                if days := self._options.telemetry_days:
                    await self.drop_telemetry(Instant(self._clock.now() - days * _DAY))
            except StoreError as error:
                _LOG.warning("upkeep of the store will be tried again: %s", error)

    async def _close(self) -> None:
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await asyncio.to_thread(self._writer.stop)
        await self._projection.close()
        self._stream.end()
        await asyncio.to_thread(self._readers.close)
