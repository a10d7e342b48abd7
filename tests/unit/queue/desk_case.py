"""Patients, schedule and queue open together in memory, and a browser at their pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from gateway.api import open_app
from gateway.api.app import Application
from gateway.console import Console
from gateway.model import DeviceEvent, Instant, Receipt, WireRecord
from gateway.patients import room as patients
from gateway.room import Neighbours, Permission, Principal, Running, Subscriber
from gateway.schedule import ScheduleBook
from gateway.schedule import room as schedule
from gateway.schedule.options import ScheduleOptions
from gateway.testing import ManualClock, Recognizing
from gateway.testing.room import MemoryAuditor, MemoryRoomPorts, room_context
from queue_display.air import Air
from queue_display.book import QueueBook
from queue_display.desk import QueueDesk
from queue_display.options import QueueRoomOptions
from queue_display.room import room as queue
from queue_display.scene import Lane
from tests.unit.api.memory_site import MemorySite
from tests.unit.patients.people_case import event as person_event
from tests.unit.patients.people_case import said
from tests.unit.schedule.schedule_case import at, booked, event

S = TypeVar("S")

DAY = "2026-11-23"
WANG = Principal("person:wang", "Wang", frozenset(Permission))
SCHEDULE = ScheduleOptions.model_validate(
    {
        "resources": {
            "linac-1": {
                "name": {"en": "Linac 1", "zh-CN": "加速器1"},
                "known_as": ["LA1"],
                "department": "radiotherapy",
            },
            "linac-2": {"name": {"en": "Linac 2", "zh-CN": "加速器2"}, "known_as": ["LA2"]},
            "ct": {"name": "CT", "kind": "imaging", "known_as": ["CT1"], "department": "imaging"},
            **{f"linac-{n}": {"name": f"LA{n}", "known_as": [f"LA{n}"]} for n in (3, 4, 5)},
        }
    }
)
SECTION: Mapping[str, Any] = {
    "queues": {
        "linac-1": {
            "name": {"en": "Linac 1", "zh-CN": "加速器1"},
            "resource": "linac-1",
            "prefix": "A",
            "place": {"en": "Room 1", "zh-CN": "1号机房"},
            "arrow": "→",
            "twin": "linac-2",
        },
        "linac-2": {
            "name": "LA2",
            "resource": "linac-2",
            "prefix": "B",
            "twin": "linac-1",
            "follows": "LINAC2",
            "automatic": ["start", "finish"],
        },
        "ct": {"name": "CT", "resource": "ct", "prefix": "C", "automatic": ["start", "stop"]},
    },
    "policy": {
        "priorities": {
            "emergency": {"name": {"en": "Emergency", "zh-CN": "急诊"}, "first": True},
        },
        "kinds": {"ANA": ["anaesthesia"]},
    },
    "displays": {
        "hall-1": {
            "queues": ["linac-1", "linac-2"],
            "notice": {"en": "Masks on", "zh-CN": "戴口罩"},
        },
        "hall-2": {"queues": ["ct"], "names": "number"},
        "door-1": {"queues": ["linac-1"], "layout": "door", "names": "initials"},
    },
    "check_in": {
        "cards": [{"name": "MRN", "pattern": "MRN(?P<number>[0-9]+)", "issuer": "HIS"}],
        "by_birth_date": True,
    },
    "signals": [
        {
            "kind": "state",
            "device": "la1",
            "code": "beam",
            "value": "on",
            "queue": "linac-1",
            "proposes": "start",
        },
        {"kind": "state", "device": "la1", "code": "down", "queue": "linac-1", "proposes": "stop"},
        {"kind": "state", "device": "ct1", "code": "scan", "queue": "ct", "proposes": "start"},
        {"kind": "state", "device": "ct1", "code": "down", "queue": "ct", "proposes": "stop"},
    ],
}


class Site(MemorySite):
    def packages(self) -> tuple[str, ...]:
        return ("gateway.patients", "gateway.schedule", "queue_display")


class FedPorts(MemoryRoomPorts):
    """Ports whose events reach the rooms before an act or a publication returns."""

    def __init__(self, now: Instant) -> None:
        super().__init__("site", ManualClock(now))
        self.fed: list[Subscriber] = []
        self._feeding = False

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        """What follows while the rooms are fed is fed to them in the same round."""
        receipt = await super().publish(events, *wire)
        if not self._feeding:
            self._feeding = True
            try:
                await self.feed(*self.fed)
            finally:
                self._feeding = False
        return receipt


@dataclass(frozen=True, slots=True)
class Department:
    """The three rooms, and a browser."""

    desk: QueueDesk
    book: QueueBook
    air: Air
    schedule: ScheduleBook
    ports: FedPorts
    clock: ManualClock
    audit: MemoryAuditor
    http: httpx.AsyncClient
    app: Application
    jobs: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
    neighbours: Neighbours

    async def lane(self, name: str = "linac-1") -> Lane:
        return (await self.desk.scene(WANG)).lanes[name]

    async def books(
        self, number: str, time: str, resource: str = "LA1", minute: float = 0, **facts: Any
    ) -> None:
        """An appointment of the patient with a number of HIS, as said so long after midnight."""
        made = booked(f"F{number}{resource}", time, resource=resource, who=number, **facts)
        await self.ports.publish([event(minute, made)])

    async def arrives(self, number: str) -> None:
        """The patient with a number checks in by a card."""
        answer = await self.http.post("/kiosk", data={"code": f"MRN{number}"})
        assert answer.status_code == 200, answer.text


async def labels(lane: Lane) -> list[str]:
    return [each.ticket.label for each in lane.waiting]


@asynccontextmanager
async def department(
    data: Path,
    section: Mapping[str, Any] = SECTION,
    now: Instant | None = None,
    gate: Recognizing | None = None,
) -> AsyncIterator[Department]:
    """Open at 07:30 unless said otherwise, with five patients of HIS and no appointments."""
    ports, audit = FedPorts(now or at("07:30")), MemoryAuditor()
    clock = ports.clock
    assert isinstance(clock, ManualClock)
    site = Site(clock)
    console = Console(site)
    opened: list[object] = []

    def neighbour(kind: type[S]) -> S:
        for each in opened:
            if isinstance(each, kind):
                return each
        raise LookupError(kind.__name__)

    options = QueueRoomOptions.model_validate(section)
    async with AsyncExitStack() as stack:
        routes, running = [], Running()
        for each, own in ((patients, None), (schedule, SCHEDULE), (queue, options)):
            context = replace(
                room_context(data, ports, section=own, audit=audit), neighbours=neighbour
            )
            running = await stack.enter_async_context(each.open(context))
            opened += [*running.subscribers, *running.services]
            ports.fed += running.subscribers
            assert running.routes is not None
            routes += list(running.routes(console.kit))
        site.subscribers += opened
        app = await stack.enter_async_context(
            open_app(
                site, [*console.routes(), *routes], console.error_page, gate=gate or Recognizing()
            )
        )
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://localhost",
                headers={"accept": "text/html"},
                follow_redirects=True,
            )
        )
        for number, (name, born) in PEOPLE.items():
            await ports.publish(
                [person_event(0, said(number, name, born=born), source=f"his{number}")]
            )
        yield Department(
            neighbour(QueueDesk),
            neighbour(QueueBook),
            neighbour(Air),
            neighbour(ScheduleBook),
            ports,
            clock,
            audit,
            http,
            app,
            running.jobs,
            neighbour,
        )


PEOPLE = {
    "1001": ("王建国", "1960-01-02"),
    "1002": ("李小娜", "1975-03-04"),
    "1003": ("王美国", "1988-05-06"),
    "1004": ("欧阳文静", "1990-07-08"),
    "1005": ("单雨", "1955-09-10"),
}
