"""The ports of one link: what its driver may do."""

from __future__ import annotations

from asyncio import Future
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from gateway.driver import LinkEntry
from gateway.errors import ConfigError
from gateway.model import (
    Clock,
    Direction,
    Publication,
    Quarantined,
    QuarantineReason,
    RawId,
    Receipt,
    WireRecord,
)
from gateway.supervisor.intake import Intake
from gateway.supervisor.listening import answer_calls
from gateway.supervisor.tap import TapHub
from gateway.supervisor.turns import turns
from gateway.transport import Connection, TcpListen, connect


class LinkPorts:
    """`gateway.driver.Ports` over the engine, for one link."""

    def __init__(
        self, link: LinkEntry, intake: Intake, taps: TapHub, on_connected: Callable[[str], None]
    ) -> None:
        self._link = link
        self._intake = intake
        self._show = partial(taps.show, link.id)
        self._on_connected = on_connected

    @property
    def clock(self) -> Clock:
        return self._intake.clock

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        transport = self._link.transport
        if transport is None or isinstance(transport, TcpListen):
            raise ConfigError(f"link {self._link.id}: this driver needs a transport that it opens")
        async with connect(transport, self._show) as connection:
            yield connection

    async def serve(
        self, handle: Callable[[Connection], Awaitable[None]], on: TcpListen | None = None
    ) -> None:
        if on is not None:
            await answer_calls(self._link.id, on, _untapped, self.connected, handle)
            return
        if isinstance(self._link.transport, TcpListen):
            transport = self._link.transport
            await answer_calls(self._link.id, transport, self._show, self.connected, handle)
            return
        async with self.connect() as connection:
            await handle(connection)

    def connected(self, session: str = "") -> None:
        self._on_connected(session)

    def tap(self, direction: Direction, data: bytes) -> None:
        self._show(direction, data)

    def record(
        self,
        data: bytes,
        *,
        direction: Direction = Direction.IN,
        device: str = "",
        session: str = "",
    ) -> WireRecord:
        return self._intake.record(self._link.id, data, direction, device, session)

    async def journal(self, *records: WireRecord) -> None:
        if records:
            await self._intake.journal(records)

    def journal_soon(self, *records: WireRecord) -> Future[Receipt]:
        return self._intake.journal_soon(records)

    async def publish(self, publication: Publication, *wire: WireRecord) -> Receipt:
        return await self._intake.publish(self._link.id, publication, wire)

    async def publish_all(
        self,
        publications: Sequence[Publication],
        quarantined: Sequence[Quarantined],
        *wire: WireRecord,
    ) -> Receipt:
        return await self._intake.publish_all(publications, quarantined, wire)

    def every(self, seconds: float) -> AsyncIterator[None]:
        return turns(seconds)

    async def quarantine(self, entry: Quarantined, *wire: WireRecord) -> None:
        await self._intake.quarantine(entry, wire)

    def quarantined(
        self, wire: WireRecord, reason: QuarantineReason, subject: str, detail: str
    ) -> Quarantined:
        return Quarantined(
            wire.raw_id, self._link.id, wire.device, reason, subject, detail, wire.at
        )

    async def availability(
        self, device: str, *, online: bool, reason: str = "", raw_id: RawId | None = None
    ) -> None:
        self._intake.availability(device, online=online, reason=reason, raw_id=raw_id)

    async def recent(self, session: str, limit: int) -> tuple[WireRecord, ...]:
        records = await self._intake.store.records(
            link=self._link.id, session=session or None, limit=limit
        )
        return tuple(record for record in records if record.direction is Direction.IN)


def _untapped(_direction: Direction, _data: bytes) -> None:
    """What crosses holds a secret: the driver shows what may be seen."""
