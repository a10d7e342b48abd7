"""Patients and schedule open together in memory, and a browser at their pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import httpx

from gateway.api import open_app
from gateway.console import Console
from gateway.model import DeviceEvent, Instant, Receipt, WireRecord
from gateway.patients import PatientBook
from gateway.patients import room as patients
from gateway.room import Permission, Principal, Running
from gateway.schedule import ScheduleBook, ScheduleDesk
from gateway.schedule import room as schedule
from gateway.schedule.options import ScheduleOptions
from gateway.testing import ManualClock, Recognizing
from gateway.testing.room import MemoryAuditor, MemoryRoomPorts, room_context
from tests.unit.api.memory_site import MemorySite
from tests.unit.schedule.schedule_case import NOW, OPTIONS

S = TypeVar("S")


class Site(MemorySite):
    """A site whose packages hold the pages of both rooms."""

    def packages(self) -> tuple[str, ...]:
        return ("gateway.patients", "gateway.schedule")


class FedPorts(MemoryRoomPorts):
    """Ports whose events reach the rooms before an act or a publication returns."""

    def __init__(self) -> None:
        super().__init__("site", ManualClock(NOW))
        self.fed: list[PatientBook | ScheduleBook] = []

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        receipt = await super().publish(events, *wire)
        await self.feed(*self.fed)
        return receipt


@dataclass(frozen=True, slots=True)
class Office:
    """The two rooms, what they keep, and a browser."""

    running: Running
    people: PatientBook
    book: ScheduleBook
    desk: ScheduleDesk
    ports: FedPorts
    audit: MemoryAuditor
    http: httpx.AsyncClient
    site: Site
    clock: ManualClock

    async def tell(self, *events: DeviceEvent) -> None:
        await self.ports.publish(events)


@asynccontextmanager
async def office(
    data: Path, options: ScheduleOptions = OPTIONS, now: Instant = NOW
) -> AsyncIterator[Office]:
    ports, audit = FedPorts(), MemoryAuditor()
    clock = ManualClock(now)
    ports.clock = clock
    site = Site(clock)
    console = Console(site)
    opened: list[object] = []

    def neighbour(kind: type[S]) -> S:
        for each in opened:
            if isinstance(each, kind):
                return each
        raise LookupError(kind.__name__)

    async with AsyncExitStack() as stack:
        routes = []
        running = Running()
        for each, section in ((patients, None), (schedule, options)):
            context = replace(
                room_context(data, ports, section=section, audit=audit), neighbours=neighbour
            )
            running = await stack.enter_async_context(each.open(context))
            opened += [*running.subscribers, *running.services]
            assert running.routes is not None
            routes += list(running.routes(console.kit))
        people, book = neighbour(PatientBook), neighbour(ScheduleBook)
        ports.fed += [people, book]
        site.subscribers += opened
        app = await stack.enter_async_context(
            open_app(site, [*console.routes(), *routes], console.error_page, gate=Recognizing())
        )
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://localhost",
                headers={"accept": "text/html"},
                follow_redirects=True,
            )
        )
        desk = neighbour(ScheduleDesk)
        yield Office(running, people, book, desk, ports, audit, http, site, clock)


def somebody(*permissions: str) -> Principal:
    return Principal("person:li", "Li", frozenset(map(Permission, permissions)))
