"""A simulated day, with its screens in Chromium and two LED boards on a line.

Nobody is lost, called twice or against a gate; no name leaves the server; screens and boards show
the call that stands. The full count takes a second a minute (60 times as fast as it is).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.model import Coding, DeviceEvent, Kind, Source, Subject, Value
from gateway.schedule.gate import gate_event
from queue_display.desk import QueueDesk
from queue_display.machine import Illegal
from queue_display.scene import Lane, Scene
from queue_display.terms import State, Verb
from queue_display.ticket import Ticket
from tests.acceptance.browser import Tab, chromium, served, tab
from tests.acceptance.test_dicom_pages import PICTURES
from tests.peers import count, free_port, full_run
from tests.unit.patients.people_case import event as person_event
from tests.unit.patients.people_case import said
from tests.unit.queue.desk_case import WANG, Department, department
from tests.unit.schedule.schedule_case import at

pytestmark = [pytest.mark.peer, pytest.mark.acceptance, pytest.mark.timeout(1200)]

LINACS, EACH = count(2, 5), count(7, 40)
PACE, LOOK = (1.0, 20) if full_run() else (0.0, 20)
"""Seconds a minute takes, and every how many minutes screens and boards are looked at."""
WITHIN = 15.0
SIZES = {0x05: 4, 0x3A: 7}
"""Bytes in a frame of each board."""
WALL = {"width": 1920, "height": 1080}
SLOT, OPEN = 12, at("07:00")
NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
GIVEN = "建国小娜文静志强美玲海燕俊杰"
MINUTE = 60_000_000


def section(boards: int) -> dict[str, Any]:
    """As many linacs, the first and second twins; beams start and end treatments by themselves."""
    return {
        "queues": {
            f"linac-{n}": {
                "name": f"LA{n}",
                "resource": f"linac-{n}",
                "prefix": chr(64 + n),
                "twin": f"linac-{3 - n}" if n < 3 else None,
                "automatic": ["start", "finish"],
            }
            for n in range(1, LINACS + 1)
        },
        "policy": {
            "priorities": {"emergency": {"name": "Emergency", "first": True}},
            "cleaning": 5,
        },
        "displays": {
            "hall": {"queues": [f"linac-{n}" for n in range(1, LINACS + 1)]},
            "abroad": {
                "queues": [f"linac-{n}" for n in range(1, LINACS + 1)],
                "languages": ["en"],
                "names": "initials",
            },
            "door": {"queues": ["linac-1"], "layout": "door", "names": "number"},
        },
        "boards": {
            "line": {
                "transport": {"type": "tcp", "host": "127.0.0.1", "port": boards},
                "pause": 0,
                "boards": [
                    {"queue": "linac-1", "frame": "05 number:2 sum8", "idle": 0},
                    {"queue": "linac-2", "frame": "3A 00 number:2le 01 sum8 0A", "idle": 0},
                ],
            }
        },
        "check_in": {
            "cards": [{"name": "MRN", "pattern": "MRN(?P<number>[0-9]+)", "issuer": "HIS"}]
        },
        "signals": [
            {"kind": "state", "device": f"la{n}", "code": "beam", "value": value,
             "queue": f"linac-{n}", "proposes": verb}
            for n in range(1, LINACS + 1)
            for value, verb in (("on", "start"), ("done", "finish"))
        ],
    }  # fmt: skip


@dataclass
class Day:
    """What happens, by the minute; `gated` are the tickets' appointments that may not be called."""

    office: Department
    dice: random.Random
    minute: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    comes: dict[str, int] = field(default_factory=dict)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    called: Counter[str] = field(default_factory=Counter)
    beams: int = 0

    @property
    def desk(self) -> QueueDesk:
        return self.office.desk

    async def book(self) -> None:
        """Everybody is known and booked; some will be late, a few will not come."""
        for linac in range(1, LINACS + 1):
            for place in range(EACH):
                number = f"987{linac}{place:04}321"
                name = self.dice.choice(NAMES) + self.dice.choice(GIVEN) + self.dice.choice(GIVEN)
                born = f"{self.dice.randrange(1940, 2015)}-0{self.dice.randrange(1, 10)}-17"
                self.names[number] = (name, born)
                person = person_event(0, said(number, name, born=born), source=f"h{number}")
                await self.office.ports.publish([person])
                due = 60 + place * SLOT
                time = f"{7 + due // 60:02}:{due % 60:02}"
                await self.office.books(number, time, f"LA{linac}")
                if self.dice.random() > 0.1:
                    self.comes[number] = max(0, due + self.dice.randrange(-45, 25))

    async def pass_minute(self) -> None:
        self.office.clock.advance(60)
        self.minute += 1
        for number in [each for each, when in self.comes.items() if when == self.minute]:
            await self.office.arrives(number)
        await self._gates(await self.desk.scene(WANG))
        if self.minute == 90:
            await self._emergency()
        if self.minute in {120, 150}:
            await self._breakdown(stops=self.minute == 120)
        for lane in (await self.desk.scene(WANG)).lanes.values():
            await self._work(lane)
        await self.office.air.turn()

    async def listen(self, stream: AsyncGenerator[bytes, None]) -> None:
        self.sent.append(await anext(stream))

    async def _gates(self, scene: Scene) -> None:
        """A few wait for their blood count for a while."""
        for lane in scene.lanes.values():
            for entry in lane.waiting:
                one = entry.appointment
                if one is None:
                    continue
                if one.id in self.gated and self.minute % 20 == 0:
                    self.gated.discard(one.id)
                    await self._gate(one.id, None)
                elif self.dice.random() < 0.01 and one.id not in self.gated:
                    self.gated.add(one.id)
                    await self._gate(one.id, {"zh-CN": "血常规未出", "en": "blood count missing"})

    async def _gate(self, id_: str, reason: dict[str, str] | None) -> None:
        now, cause = self.office.clock.now(), f"{self.minute}{id_}".encode()
        await self.office.ports.publish(
            [gate_event("site", "lab", "blood", id_, reason, at=now, cause=cause)]
        )

    async def _emergency(self) -> None:
        ticket = await self.desk.walk_in(WANG, "linac-1", None, "cord compression")
        await self.desk.take(WANG, ticket.id, Verb.MARK, priority="emergency", why="emergency")
        waiting = (await self.office.lane("linac-1")).waiting
        assert waiting[0].ticket.id == ticket.id

    async def _breakdown(self, *, stops: bool) -> None:
        """The second linac is down for half an hour; two of its patients go to its twin."""
        if not stops:
            await self.desk.resume(WANG, "linac-2")
            return
        await self.desk.stop(WANG, "linac-2", "magnetron")
        for entry in (await self.office.lane("linac-2")).waiting[-2:]:
            await self.desk.take(WANG, entry.ticket.id, Verb.TRANSFER, to="linac-1", why="down")

    async def _work(self, lane: Lane) -> None:
        """Treats who is inside, calls the next as soon as that is possible, skips who is away."""
        queue = lane.id
        for entry in lane.running:
            await self._move(queue, entry.ticket, room_free=not self._inside(lane.running))
        for entry in lane.aside:
            if entry.ticket.state is State.SKIPPED and self.dice.random() < 0.2:
                await self.desk.take(WANG, entry.ticket.id, Verb.RETURN)
        if not lane.waiting:
            return
        try:
            ticket = await self.desk.call_next(WANG, queue)
        except Illegal:
            return
        self.called[ticket.id] += 1
        assert ticket.appointment not in self.gated
        if self.dice.random() < 0.1:
            await self.desk.take(WANG, ticket.id, Verb.RECALL)

    def _inside(self, running: Any) -> bool:
        return any(each.ticket.state is not State.CALLED for each in running)

    async def _move(self, queue: str, ticket: Ticket, *, room_free: bool) -> None:
        machine = queue.replace("linac-", "la")
        if ticket.state is State.CALLED and room_free:
            if self.dice.random() < 0.06:
                await self.desk.take(WANG, ticket.id, Verb.SKIP)
                return
            await self.desk.take(WANG, ticket.id, Verb.ENTER)
            self.ends[ticket.id] = self.minute + max(4, round(self.dice.gauss(11, 3)))
        elif ticket.state is State.IN_ROOM:
            await self._beam(machine, "on", ticket)
        elif ticket.state is State.IN_TREATMENT and self.minute >= self.ends[ticket.id]:
            await self._beam(machine, "done", ticket)

    async def _beam(self, machine: str, value: str, ticket: Ticket) -> None:
        self.beams += 1
        now = self.office.clock.now()
        subject = Subject(*ticket.patient) if ticket.patient else None
        event = DeviceEvent(
            id=b"beam".ljust(8, b"-") + self.beams.to_bytes(8),
            site="site",
            source=Source(machine, "test"),
            kind=Kind.STATE,
            code=Coding("urn:test", "beam"),
            value=Value(value),
            unit="",
            received_at=now,
            observed_at=now,
            subject=subject,
        )
        await self.office.ports.publish([event])


class Line:
    """What the two LED boards of one line show, by the first byte of their frames."""

    def __init__(self) -> None:
        self._shown: dict[int, bytes] = {}
        self._came = asyncio.Event()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen within the block; the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def shows(self, frame: bytes) -> None:
        """Wait until a board shows it."""
        async with asyncio.timeout(WITHIN):
            while self._shown.get(frame[0]) != frame:
                self._came.clear()
                await self._came.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(1)
                frame = head + await reader.readexactly(SIZES[head[0]] - 1)
                self._shown[head[0]] = frame
                self._came.set()
        except asyncio.IncompleteReadError:
            writer.close()


@dataclass(frozen=True, slots=True)
class Screens:
    """Hall screens in both languages, the door of the first linac, and the boards."""

    halls: tuple[Tab, ...]
    door: Tab
    line: Line

    async def agree(self, office: Department) -> None:
        """Wait until every screen and board shows the call that stands."""
        board = await office.air.snapshot("hall")
        standing = [each["label"] for each in board["board"]["calls"] if each["key"].endswith("/1")]
        for hall in self.halls if standing else ():
            await hall.shows(".now .label", standing[0])
        inside = (await office.air.snapshot("door"))["board"]["lines"][0]["inside"]
        for each in inside[:1]:
            await self.door.shows(".label", each["label"])
        for queue, frame in (("linac-1", _red), ("linac-2", _green)):
            called = [
                each.ticket
                for each in (await office.lane(queue)).running
                if each.ticket.state is State.CALLED
            ]
            newest = max(called, key=lambda each: (each.called or 0, each.id), default=None)
            await self.line.shows(frame(newest.number if newest else 0))

    async def keep(self, name: str) -> None:
        for number, each in enumerate((*self.halls, self.door)):
            if PICTURES:
                await each.page.screenshot(path=f"{PICTURES}/{name}-{number}.png")


def _red(number: int) -> bytes:
    """`05 03 E7 EF` shows 999 on board 5."""
    body = b"\x05" + number.to_bytes(2, "big")
    return body + bytes([sum(body) & 0xFF])


def _green(number: int) -> bytes:
    """`3A 00 78 03 01 B6 0A` shows 888 in green."""
    body = b"\x3a\x00" + number.to_bytes(2, "little") + b"\x01"
    return body + bytes([sum(body) & 0xFF, 0x0A])


@asynccontextmanager
async def screens(office: Department, line: Line) -> AsyncIterator[Screens]:
    async with (
        served(office.app, free_port()) as home,
        chromium() as browser,
        tab(browser, home, viewport=WALL) as chinese,
        tab(browser, home, viewport=WALL, locale="en-GB") as english,
        tab(browser, home, viewport={"width": 1080, "height": 1920}) as door,
    ):
        await chinese.go("/display/hall")
        await english.go("/display/abroad")
        await door.go("/display/door")
        yield Screens((chinese, english), door, line)
        for each in (chinese, english, door):
            assert each.complaints == []
            assert each.foreign == []
        office.air.end_streams()


async def test_a_day_loses_nobody_and_names_nobody(tmp_path: Path) -> None:
    line = Line()
    async with (
        line.listening() as port,
        department(tmp_path, section(port), OPEN) as office,
        screens(office, line) as shown,
    ):
        sending = asyncio.create_task(office.jobs["boards-line"](), name="boards")
        day = Day(office, random.Random(20261123))
        await day.book()
        stream = office.air.stream("hall")
        while day.minute < 60 + EACH * SLOT + 60 or await _open(office):
            begun = time.monotonic()
            await day.pass_minute()
            await day.listen(stream)
            if day.minute % LOOK == 0:
                await shown.agree(office)
                await shown.keep(f"day-{day.minute:04}")
            assert day.minute < 1200, "the day does not end"
            await asyncio.sleep(max(0.0, PACE - (time.monotonic() - begun)))
        await stream.aclose()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await _judge(day)


async def _open(office: Department) -> bool:
    lanes = (await office.desk.scene(WANG)).lanes.values()
    return any(lane.waiting or lane.running or lane.aside for lane in lanes)


async def _judge(day: Day) -> None:
    office = day.office
    tickets = await office.book.today(office.clock.now())
    came = {("HIS", number) for number in day.comes}
    done = {(each.patient[1], each.patient[0]) for each in tickets if each.patient is not None}
    assert done == came, "who came has a ticket, who didn't has none"
    assert {each.state for each in tickets} == {State.DONE}
    labels = [each.label for each in tickets]
    assert len(labels) == len(set(labels)) == len(came) + 1

    steps = [step for each in tickets for step in await office.book.steps(each.id)]
    assert all(step.refused is None for step in steps)
    for each in tickets:
        verbs = [step.act.verb for step in await office.book.steps(each.id)]
        calls = [verb for verb in verbs if verb in {Verb.CALL, Verb.SKIP, Verb.RETURN}]
        assert calls[0::3] == [Verb.CALL] * len(calls[0::3]), (
            "a call, or a skip and a return before"
        )
    by_hand = Counter(f"queue.{s.act.verb}" for s in steps if s.act.who != "queue")
    audited = Counter(e.action for e in office.audit.entries if e.action.startswith("queue."))
    assert {k: n for k, n in audited.items() if k not in {"queue.stop", "queue.resume"}} == by_hand
    assert all(s.act.cause for s in steps if s.act.who == "queue"), "each names its event"

    said_ = b"".join(day.sent).decode()
    assert max(len(each) for each in day.sent) < 20_000
    for number, (name, born) in day.names.items():
        assert not {each for each in (number, name, born) if each in said_}
