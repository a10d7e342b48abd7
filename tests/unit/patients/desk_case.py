"""A room of patients in memory, and a browser at its pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from gateway.api import open_app
from gateway.console import Console
from gateway.model import DeviceEvent, Receipt, WireRecord
from gateway.patients import PatientBook, room
from gateway.room import Running
from gateway.testing import Recognizing
from gateway.testing.room import MemoryAuditor, MemoryRoomPorts, room_context
from tests.unit.api.memory_site import MemorySite


class Site(MemorySite):
    """A site whose packages hold the pages of patients."""

    def packages(self) -> tuple[str, ...]:
        return ("gateway.patients",)


@dataclass(frozen=True, slots=True)
class Ward:
    """The room, what it keeps, and a browser of its owner."""

    running: Running
    book: PatientBook
    ports: MemoryRoomPorts
    audit: MemoryAuditor
    http: httpx.AsyncClient

    async def tell(self, *events: DeviceEvent) -> None:
        await self.ports.publish(events)
        await self.ports.feed(self.book)


class FedPorts(MemoryRoomPorts):
    """Ports whose events reach the room's subscribers before a call returns."""

    def __init__(self) -> None:
        super().__init__()
        self.fed: list[PatientBook] = []

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        receipt = await super().publish(events, *wire)
        await self.feed(*self.fed)
        return receipt


@asynccontextmanager
async def ward(data: Path, neighbours: Sequence[object] = ()) -> AsyncIterator[Ward]:
    ports, audit, site = FedPorts(), MemoryAuditor(), Site()
    console = Console(site)
    context = room_context(data, ports, audit=audit, neighbours=neighbours)
    async with room.open(context) as running:
        (book,) = running.subscribers
        assert isinstance(book, PatientBook)
        ports.fed.append(book)
        assert running.routes is not None
        pages = [*console.routes(), *running.routes(console.kit)]
        async with open_app(site, pages, console.error_page, gate=Recognizing()) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport,
                base_url="http://localhost",
                headers={"accept": "text/html"},
                follow_redirects=True,
            ) as http:
                yield Ward(running, book, ports, audit, http)
