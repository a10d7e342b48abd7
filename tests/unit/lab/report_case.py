"""The list of critical values over a laboratory in memory, and its pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from gateway.api import open_app
from gateway.api.app import Application
from gateway.console import Console
from gateway.lab import LabDesk
from gateway.lab.reporting.desk import ReportDesk, Said
from gateway.lab.reporting.options import CriticalValues
from gateway.lab.reporting.pages import Pages
from gateway.lab.reporting.state import CriticalValue, State, Way
from gateway.model import DeviceEvent, Instant, Status
from gateway.room import OWNER, Notice, notice_of
from gateway.testing import (
    ManualClock,
    MemoryRoomPorts,
    Recognizing,
    known_ring,
    room_context,
)
from tests.unit.api.memory_site import MemorySite
from tests.unit.lab.lab_case import NOON, result


class CriticalView(MemorySite):
    def packages(self) -> tuple[str, ...]:
        return ("gateway.lab.reporting",)


@dataclass(slots=True)
class Bench:
    ports: MemoryRoomPorts
    clock: ManualClock
    lab: LabDesk
    desk: ReportDesk
    http: httpx.AsyncClient
    app: Application

    async def hear(self, *events: DeviceEvent) -> None:
        await self.ports.publish(events)
        await self.feed()

    async def feed(self) -> None:
        for _ in range(3):
            await self.ports.feed(self.lab, self.desk)

    async def values(self) -> list[CriticalValue]:
        waiting, _ = await self.desk.waiting(OWNER)
        return [each.value for each in (*waiting, *await self.desk.done(OWNER, 50))]

    async def states(self) -> list[State]:
        return [each.state for each in await self.values()]

    async def report(
        self, seq: int, told: str = "王护士 4病区", answers: State = State.WAITING
    ) -> CriticalValue:
        said = Said(answers, told, Way.PHONE)
        asking = asyncio.create_task(self.desk.report(OWNER, seq, said))
        while not asking.done():
            await asyncio.sleep(0)
            await self.feed()
        return await asking

    def notices(self) -> list[Notice]:
        found = (notice_of(each) for each in self.ports.events)
        return [each for each in found if each is not None]


@asynccontextmanager
async def reporting(data: Path) -> AsyncIterator[Bench]:
    """With nothing in it."""
    clock = ManualClock(Instant(NOON))
    ports = MemoryRoomPorts("xiehe-rt", clock)
    async with AsyncExitStack() as stack:
        lab = await stack.enter_async_context(LabDesk.open(data / "lab.sqlite", known_ring()))
        context = room_context(data, ports, section=CriticalValues(), neighbours=(lab,))
        desk = await stack.enter_async_context(ReportDesk.open_in(context))
        view = CriticalView(clock)
        console = Console(view)
        routes = [*console.routes(), *Pages(desk).routes(console.kit)]
        app = await stack.enter_async_context(
            open_app(view, routes, console.error_page, gate=Recognizing())
        )
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://localhost",
                headers={"accept": "text/html", "accept-language": "en"},
            )
        )
        yield Bench(ports, clock, lab, desk, http, app)


def critical(seq: int, text: str = "6.90", status: Status = Status.FINAL) -> DeviceEvent:
    return result(seq, text, flags=("HH",), status=status)
