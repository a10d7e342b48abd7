"""Ports over lists: what a driver said, in order. A product of its own, for tests of drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from gateway.errors import DeviceUnavailable, StoreError
from gateway.model import (
    Direction,
    Instant,
    Publication,
    Quarantined,
    QuarantineReason,
    RawId,
    Receipt,
    WireRecord,
)
from gateway.transport import Connection, TcpListen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Connector: TypeAlias = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens a link's transport, or raises DeviceUnavailable."""


_NOVEMBER_2026 = Instant(1_795_392_000_000_000)


class ManualClock:
    """A clock that stands still until told to move."""

    def __init__(self, now: Instant = _NOVEMBER_2026) -> None:
        self._now = now

    def now(self) -> Instant:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now = Instant(self._now + round(seconds * 1_000_000))


class MemoryPorts:
    """Implements `gateway.driver.Ports` for one link.

    Calls commit in the order in which they were made. A publication whose device and occurrence
    are known already adds nothing and is counted in its receipt. The lists hold committed facts
    only; `availabilities` holds changes, without repetitions. There is no normalizer: readings
    stay in the device's words.

    `serve` hands out one connection, the connector's, and notes the port in `listens_on`.
    `every` gives its first turn at once and another for each call of `turn`; `waiting` counts how
    often a driver waited for one.

    Faults: `store_works = False` makes every commit a StoreError. `hold()` keeps commits waiting
    until `release()`. `dies_after` commits once and then raises the given error, as if the
    process had been killed before it could acknowledge.
    """

    def __init__(
        self,
        link: str = "link",
        *,
        clock: ManualClock | None = None,
        connector: Connector | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.records: list[WireRecord] = []
        self.publications: list[Publication] = []
        self.quarantine_list: list[Quarantined] = []
        self.availabilities: list[tuple[str, bool, str]] = []
        self.sessions: list[str] = []
        self.tapped: list[tuple[Direction, bytes]] = []
        self.waiting = 0
        self.listens_on: TcpListen | None = None
        self.store_works = True
        self.dies_after: Exception | None = None
        self._link = link
        self._connector = connector
        self._raw_ids = count(1)
        self._seqs = count(1)
        self._known: set[tuple[str, bytes]] = set()
        self._online: dict[str, tuple[bool, str]] = {}
        self._turn = asyncio.Lock()
        self._gate = asyncio.Event()
        self._gate.set()
        self._changed = asyncio.Event()
        self._turns = asyncio.Semaphore(0)

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        if self._connector is None:
            raise DeviceUnavailable(f"{self._link}: these ports were given no connector")
        return self._connector()

    async def serve(
        self, handle: Callable[[Connection], Awaitable[None]], on: TcpListen | None = None
    ) -> None:
        self.listens_on = on
        async with self.connect() as connection:
            await handle(connection)

    def connected(self, session: str = "") -> None:
        self.sessions.append(session)
        self._changed.set()

    def tap(self, direction: Direction, data: bytes) -> None:
        self.tapped.append((direction, data))

    def record(
        self,
        data: bytes,
        *,
        direction: Direction = Direction.IN,
        device: str = "",
        session: str = "",
    ) -> WireRecord:
        raw_id = RawId(next(self._raw_ids))
        return WireRecord(raw_id, self._link, device, direction, session, self.clock.now(), data)

    async def journal(self, *records: WireRecord) -> None:
        async with self._commit():
            self.records.extend(records)

    def journal_soon(self, *records: WireRecord) -> asyncio.Future[Receipt]:
        return asyncio.ensure_future(self._journal(records))

    async def _journal(self, records: Sequence[WireRecord]) -> Receipt:
        await self.journal(*records)
        return Receipt()

    async def publish(self, publication: Publication, *wire: WireRecord) -> Receipt:
        async with self._commit():
            self.records.extend(wire)
            if not self._is_new(publication):
                return Receipt(duplicate=len(publication.readings))
            self.publications.append(publication)
            return Receipt(seqs=tuple(next(self._seqs) for _ in publication.readings))

    async def publish_all(
        self,
        publications: Sequence[Publication],
        quarantined: Sequence[Quarantined],
        *wire: WireRecord,
    ) -> Receipt:
        async with self._commit():
            self.records.extend(wire)
            self.quarantine_list.extend(quarantined)
            fresh = [each for each in publications if self._is_new(each)]
            self.publications.extend(fresh)
            stored = sum(len(each.readings) for each in fresh)
            total = sum(len(each.readings) for each in publications)
            return Receipt(tuple(next(self._seqs) for _ in range(stored)), total - stored)

    async def every(self, seconds: float) -> AsyncIterator[None]:  # noqa: ARG002 - see `turn`
        yield
        while True:
            self.waiting += 1
            self._changed.set()
            await self._turns.acquire()
            yield

    def turn(self) -> None:
        """Let one more turn of `every` come."""
        self._turns.release()

    async def quarantine(self, entry: Quarantined, *wire: WireRecord) -> None:
        async with self._commit():
            self.records.extend(wire)
            self.quarantine_list.append(entry)

    def quarantined(
        self, wire: WireRecord, reason: QuarantineReason, subject: str, detail: str
    ) -> Quarantined:
        return Quarantined(wire.raw_id, wire.link, wire.device, reason, subject, detail, wire.at)

    async def availability(
        self, device: str, *, online: bool, reason: str = "", raw_id: RawId | None = None
    ) -> None:
        del raw_id
        if self._online.get(device) == (online, reason):
            return
        async with self._commit():
            self._online[device] = (online, reason)
            self.availabilities.append((device, online, reason))

    async def recent(self, session: str, limit: int) -> tuple[WireRecord, ...]:
        theirs = (
            record
            for record in reversed(self.records)
            if session in {"", record.session} and record.direction is Direction.IN
        )
        return tuple(record for record, _ in zip(theirs, range(limit), strict=False))

    def hold(self) -> None:
        """Let commits wait until `release`."""
        self._gate.clear()

    def release(self) -> None:
        self._gate.set()

    async def until(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait until `condition` holds; it is asked again after each commit and connection."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _is_new(self, publication: Publication) -> bool:
        happening = (publication.device, publication.occurrence)
        known = happening in self._known
        self._known.add(happening)
        return not known

    @asynccontextmanager
    async def _commit(self) -> AsyncIterator[None]:
        async with self._turn:
            await self._gate.wait()
            if not self.store_works:
                raise StoreError(f"{self._link}: the store is made to fail; nothing was written")
            yield
            self._changed.set()
            death, self.dies_after = self.dies_after, None
            if death is not None:
                raise death
