"""The writer: one thread that commits whatever is queued, in groups."""

from __future__ import annotations

import logging
import threading
import time
from asyncio import Future
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import apsw

from gateway.errors import ConfigError, StoreError
from gateway.model import Clock, DeviceEvent, Receipt, Retention
from gateway.sqlite import open_reader
from gateway.store.batch import Batch
from gateway.store.catalog import Catalog, SegmentFile
from gateway.store.herald import Herald
from gateway.store.inbox import Inbox
from gateway.store.known import KnownIds, first_halves
from gateway.store.options import StoreOptions
from gateway.store.segment_key import bodies_of, key_of
from gateway.store.segment_write import Committed, SegmentWriter, inspect
from gateway.store.state import StoreHealth, StoreState

_LOG = logging.getLogger(__name__)
_BATCH_IS_BAD = (
    apsw.ConstraintError,
    apsw.TooBigError,
    apsw.MismatchError,
    apsw.RangeError,
    OverflowError,
    TypeError,
    ValueError,
    StoreError,
    ConfigError,
)


class Request(NamedTuple):
    """A batch that waits for its commit. `arrival` orders what the store was told."""

    batch: Batch
    future: Future[Receipt]
    arrival: int
    size: int


@dataclass(slots=True)
class Settlement:
    """What became of a group: an outcome for each request, and the events now on disk."""

    outcomes: list[tuple[Request, Receipt | StoreError]] = field(default_factory=list)
    stored: list[tuple[int, DeviceEvent]] = field(default_factory=list)
    last_seq: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do in the writer thread between two groups.

    Both report by themselves; `drop` is called instead of `run` when the thread has ended.
    """

    run: Callable[[Writer], None]
    drop: Callable[[], None]


class Writer:
    """The thread and its queue. `settle` and `turn` are called in the thread.

    A group commits segment by segment, in ascending seq, so that whoever follows by seq never
    skips. A batch that can't be stored fails alone; a disk that fails withholds everything until
    a probe succeeds.
    """

    def __init__(
        self,
        catalog: Catalog,
        options: StoreOptions,
        clock: Clock,
        *,
        folder: Path,
        first_seq: int = 1,
        settle: Callable[[Settlement], None],
        turn: Callable[[StoreState], None],
    ) -> None:
        self.catalog = catalog
        self.stopped = False
        self._options, self._clock, self._folder = options, clock, folder
        self._turn = turn
        self._queue = Inbox[Request | Job]()
        self._segments: dict[Retention, SegmentWriter] = {}
        self._older: dict[SegmentFile, KnownIds] = {}
        self.last_seq = max((inspect(file, options.ring) for file in catalog.files), default=0)
        """The highest seq given so far; before the start, the highest on disk."""
        self.next_seq = max(self.last_seq + 1, first_seq)
        """The next one: far above it where a store was restored, so that none is given again."""
        self._state = StoreState(StoreHealth.OK, clock.now())
        self._tried = 0.0
        self._held: Settlement | None = None
        self._herald = Herald(settle)
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self) -> None:
        self._herald.start()
        self._thread.start()

    @property
    def put(self) -> Callable[[Request | Job], None]:
        """Hand over a request or a job; called on the loop."""
        return self._queue.put

    def stop(self) -> None:
        """Commit what is queued, then end the thread; blocks until it has ended."""
        self._queue.end()
        if self._thread.ident is not None:
            self._thread.join()

    def retire(self, retention: Retention) -> None:
        """Let go of the segment being written; the next commit opens the one that is due."""
        segment = self._segments.pop(retention, None)
        if segment is not None:
            segment.close()

    def forget(self, file: SegmentFile) -> None:
        """Close a segment that is about to be removed."""
        known = self._older.pop(file, None)
        if known is not None:
            known.close()

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException:
            self._fail_with("the writer met an error that it does not know: restart the gateway")
            raise
        finally:
            self._abandon()

    def _serve(self) -> None:
        while True:
            healthy = self._state.health is StoreHealth.OK
            if not self._queue.wait(None if healthy else self._options.probe_seconds):
                self._probe()
            elif group := self._gather():
                self._write(group)
            elif (job := self._queue.take()) is None:
                return
            elif isinstance(job, Job):
                self._deliver()
                job.run(self)

    def _gather(self) -> list[Request]:
        """Requests up to the next job, the end, or a group's bounds."""
        group: list[Request] = []
        size, options = 0, self._options
        while isinstance(request := self._queue.first, Request):
            self._queue.take()
            group.append(request)
            size += request.size
            if len(group) >= options.group_batches or size >= options.group_bytes:
                break
        return group

    def _write(self, group: Sequence[Request]) -> None:
        settlement = Settlement()
        try:
            reason = self._withheld()
            for retention, part in _by_retention(group):
                if reason:
                    _refuse(settlement, part, reason)
                else:
                    self._write_part(settlement, retention, part)
        finally:
            self._answer(settlement, group)

    def _answer(self, settlement: Settlement, group: Sequence[Request]) -> None:
        """Settle a group; whatever happened, no request is left without an answer."""
        if len(settlement.outcomes) < len(group):
            answered = {request.arrival for request, _ in settlement.outcomes}
            left = [request for request in group if request.arrival not in answered]
            _refuse(settlement, left, "the writer met an error that it does not know")
        settlement.last_seq = self.last_seq
        self._deliver()
        if self._queue.first is None:
            self._herald.tell_now(settlement)
        else:
            self._held = settlement

    def _deliver(self) -> None:
        """Hand over the receipts of the last group.

        While more is queued this waits until the next COMMIT begins: the loop then resumes one
        group's producers while the disk takes the next.
        """
        if self._held is not None:
            self._herald.tell(self._held)
            self._held = None

    def _withheld(self) -> str:
        """Why nothing may be committed now; empty if it may be tried."""
        failed = self._state.health is StoreHealth.FAILED
        if failed and time.monotonic() - self._tried < self._options.probe_seconds:
            return self._state.reason
        return self._look_at_space()

    def _write_part(
        self, settlement: Settlement, retention: Retention, part: Sequence[Request]
    ) -> None:
        try:
            committed = self._commit(retention, [request.batch for request in part])
        except _BATCH_IS_BAD as error:
            self._write_singly(settlement, retention, part, error)
        except (apsw.Error, OSError) as error:
            _refuse(settlement, part, self._fail(error))
        else:
            settlement.outcomes.extend(zip(part, committed.outcomes, strict=True))
            settlement.stored.extend(committed.stored)
            self._recover()

    def _write_singly(
        self,
        settlement: Settlement,
        retention: Retention,
        part: Sequence[Request],
        error: Exception,
    ) -> None:
        if len(part) == 1:
            _refuse(settlement, part, f"this batch can't be stored: {error}")
            return
        for request in part:
            self._write_part(settlement, retention, [request])

    def _commit(self, retention: Retention, batches: Sequence[Batch]) -> Committed:
        segment = self._segment(retention)
        halves = first_halves(batches)
        known = segment.known(halves)
        for file in self.catalog.of(retention):
            if file != segment.file:
                known |= self._known_in(file).among(halves)
        committed = segment.commit(batches, known, self.next_seq, self._deliver)
        if committed.next_seq > self.next_seq:
            self.next_seq = committed.next_seq
            self.last_seq = committed.next_seq - 1
        return committed

    def _segment(self, retention: Retention) -> SegmentWriter:
        """The segment that is due; of one whose key was replaced, the next part."""
        due = self.catalog.current(retention, self._clock.now())
        segment = self._segments.get(retention)
        if segment is None or segment.file != due:
            self.retire(retention)
            segment = SegmentWriter(due, self._options.ring)
            self._segments[retention] = segment
            self.catalog.add(due)
        if not segment.is_due:
            self.catalog.freeze(due)
            return self._segment(retention)
        return segment

    def _known_in(self, file: SegmentFile) -> KnownIds:
        known = self._older.get(file)
        if known is None:
            connection = open_reader(file.path, immutable=file.closed)
            key = key_of(connection, file, self._options.ring)
            known = self._older[file] = KnownIds(connection, bodies_of(key))
        return known

    def _probe(self) -> None:
        if self._state.health is not StoreHealth.FAILED:
            self._look_at_space()
            return
        if self._look_at_space():
            return
        try:
            self._segment(Retention.TELEMETRY).probe()
        except (apsw.Error, OSError) as error:
            self._fail(error)
        else:
            self._recover()

    def _look_at_space(self) -> str:
        """Move between OK, NEARLY_FULL and FAILED by free space; why to withhold, or empty."""
        try:
            free = self._options.free_space(self._folder)
        except OSError as error:
            return self._fail(error)
        if free < self._options.floor_free:
            return self._fail_with(
                f"{self._folder}: only {free >> 20} MiB are free, too little to go on:"
                " free space on this disk"
            )
        if self._state.health is not StoreHealth.FAILED:
            self._judge(free)
        return ""

    def _judge(self, free: int) -> None:
        if free >= self._options.min_free:
            self._move(StoreHealth.OK, "")
        elif self._state.health is not StoreHealth.NEARLY_FULL:
            self._move(
                StoreHealth.NEARLY_FULL,
                f"{self._folder}: {free >> 20} MiB are free: free space on this disk",
            )

    def _fail(self, error: Exception) -> str:
        """Take note of a disk that failed, and let go of its files; they are opened anew."""
        for retention in tuple(self._segments):
            self.retire(retention)
        return self._fail_with(f"{self._folder}: the disk refused a commit: {error}")

    def _fail_with(self, reason: str) -> str:
        self._tried = time.monotonic()
        if self._state.health is not StoreHealth.FAILED:
            self._move(StoreHealth.FAILED, reason)
        return reason

    def _recover(self) -> None:
        if self._state.health is StoreHealth.FAILED:
            self._move(StoreHealth.OK, "")
            self._look_at_space()

    def _move(self, health: StoreHealth, reason: str) -> None:
        if health is self._state.health:
            return
        self._state = StoreState(health, self._clock.now(), reason)
        if health is StoreHealth.OK:
            _LOG.warning("event store is well again")
        else:
            _LOG.error("event store is %s: %s", health, reason)
        self._turn(self._state)

    def _abandon(self) -> None:
        """Leave nothing open and no request without an answer."""
        for retention in tuple(self._segments):
            self.retire(retention)
        for file in tuple(self._older):
            self.forget(file)
        self.stopped = True
        left = Settlement(last_seq=self.last_seq)
        while (item := self._queue.take()) is not None:
            if isinstance(item, Request):
                _refuse(left, [item], "the store is closed")
            else:
                item.drop()
        self._deliver()
        if left.outcomes:
            self._herald.tell(left)
        self._herald.stop()


def _refuse(settlement: Settlement, requests: Iterable[Request], reason: str) -> None:
    settlement.outcomes.extend((request, StoreError(reason)) for request in requests)


def _by_retention(group: Sequence[Request]) -> list[tuple[Retention, list[Request]]]:
    """The parts of a group, in the order in which segments are committed."""
    parts: dict[Retention, list[Request]] = {retention: [] for retention in Retention}
    for request in group:
        parts[request.batch.retention].append(request)
    return [(retention, part) for retention, part in parts.items() if part]
