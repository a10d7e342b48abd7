"""`/worklist` as a person sees it: what is to be done, what was done, what is not linked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from dicom.dimse import Command, Operation, Status, Wanted, accepting, associate
from dicom.elements import Elements, encode
from dicom.mpps.service import STEP
from dicom.node import Node
from dicom.options import DicomOptions
from dicom.room import room
from gateway.api import open_app
from gateway.console import Console
from gateway.model import from_datetime
from gateway.room import NOBODY, OWNER, Level, Running
from gateway.testing import MemoryRoomPorts, Recognizing, room_context
from tests.dicom_peers import OURS, peer_of
from tests.dicom_worklist import DAY, Visit, appointment_of, told, visits
from tests.unit.dicom.pages_case import Site
from tests.unit.dicom.test_mpps import begun
from tests.unit.dicom.test_worklist import At
from tests.unit.schedule import schedule_case


@dataclass(frozen=True, slots=True)
class Screen:
    """The room, and a browser of its owner."""

    running: Running
    node: Node
    ports: MemoryRoomPorts
    http: httpx.AsyncClient

    async def text(self, language: str = "en") -> str:
        answer = await self.http.get(f"/worklist?lang={language}")
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.text

    async def create(self, elements: Elements, uid: str) -> None:
        async with associate(peer_of(self.node.acceptor), [Wanted(STEP)]) as association:
            syntax = association.context_for(STEP).transfer_syntax
            command = Command(Operation.N_CREATE, sop_class=STEP, sop_instance=uid)
            answer = await association.send(command, encode(elements, syntax))
            assert answer.status == Status.SUCCESS
        await self.ports.feed(self.node.answering.steps)


@asynccontextmanager
async def screen(data: Path, made: Sequence[Visit]) -> AsyncIterator[Screen]:
    schedule, people = await told(made)
    nobody = replace(appointment_of(visits(9)[8]), patient=None, order_placer="")
    await schedule.tell(schedule_case.event(90, nobody))
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone", "services": ["worklist", "mpps"]}},
            "storage": {"min_free": 10**6},
        }
    )
    ports, site = MemoryRoomPorts(clock=At(from_datetime(DAY))), Site()
    neighbours = (schedule.book, people.book)
    console = Console(site)
    context = room_context(data, ports, section=options, neighbours=neighbours)
    async with room.open(context) as running:
        (node,) = (each for each in running.services if isinstance(each, Node))
        assert running.routes is not None
        pages = [*console.routes(), *running.routes(console.kit)]
        async with (
            accepting(node.acceptor, node.listeners),
            open_app(site, pages, console.error_page, gate=Recognizing()) as app,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://localhost",
                headers={"accept": "text/html"},
                follow_redirects=True,
            ) as http,
        ):
            yield Screen(running, node, ports, http)


async def test_the_page_shows_what_is_to_be_done_and_what_is_left_out(tmp_path: Path) -> None:
    one, two = visits(2)
    async with screen(tmp_path, [one, two]) as it:
        page = await it.text()
        chinese = await it.text("zh-CN")
    for shown in ("Wang, Wei", "P0001", one.step, two.accession, "LINAC1", "2026-11-23 08:05"):
        assert shown in page, shown
    assert "no patient is named" in page
    assert "王伟" in chinese
    assert "未指明患者" in chinese


async def test_a_performed_step_leads_to_its_appointment_or_asks_for_a_person(
    tmp_path: Path,
) -> None:
    one, two = visits(2)
    async with screen(tmp_path, [one, two]) as it:
        assert it.running.glance is not None
        calm = await it.running.glance(OWNER)
        await it.create(begun(one), "1.2.3.1")
        await it.create(begun(), "1.2.3.2")
        page = await it.text()
        glance = await it.running.glance(OWNER)
        nothing = await it.running.glance(NOBODY)
    assert "linked</a>" in page
    assert "unscheduled" in page
    assert calm.attention == ()
    assert [(each.level, each.path) for each in glance.attention] == [(Level.MEDIUM, "/worklist")]
    assert nothing.attention == ()


async def test_without_a_schedule_the_page_says_so(tmp_path: Path) -> None:
    options = DicomOptions.model_validate(
        {"listeners": [{"port": 0}], "titles": {OURS: {"allow": "anyone"}}}
    )
    console = Console(Site())
    async with room.open(room_context(tmp_path, section=options)) as running:
        assert running.routes is not None
        pages = [*console.routes(), *running.routes(console.kit)]
        async with (
            open_app(Site(), pages, console.error_page, gate=Recognizing()) as app,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://localhost"
            ) as http,
        ):
            answer = await http.get("/worklist?lang=en", headers={"accept": "text/html"})
    assert "modalities are refused until it can" in answer.text
