"""What a hospital's own service is told: once a step, masked, in time, and never by plain HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from gateway.errors import DeviceUnavailable
from gateway.notify.courier import Courier
from gateway.room import Delivery, RoomContext
from gateway.testing.room import room_context
from queue_display.options import QueueRoomOptions
from queue_display.outlets import Outlets, _Timely
from queue_display.scene import Stage
from queue_display.terms import Verb
from tests.unit.queue.desk_case import PEOPLE, SECTION, WANG, Department, department

HOOK = {"url": "https://msg.hospital.local/queue", "secret": "s3cret"}


def _section(**outlet: Any) -> dict[str, Any]:
    section = deepcopy(dict(SECTION))
    rules = [{"on": "position", "position": 3}, {"on": "called"}, {"on": "skipped"}]
    section["outlets"] = {"wechat": {"webhook": HOOK, "rules": rules, **outlet}}
    return section


class Service:
    """A way that takes what it is told, unless it is away."""

    most = 1

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []
        self.away = False

    async def tell(self, deliveries: Sequence[Delivery]) -> None:
        if self.away:
            raise DeviceUnavailable("away")
        self.told += [orjson.loads(each.payload) for each in deliveries]


class Trial:
    """Outlets over a department, turned by hand."""

    def __init__(self, office: Department, data: Path, section: Mapping[str, Any]) -> None:
        self.office, self.service = office, Service()
        self._stage = Stage(
            QueueRoomOptions.model_validate(section), office.book, office.neighbours
        )
        self._context: RoomContext = replace(
            room_context(data, office.ports), neighbours=office.neighbours
        )
        self.start()

    def start(self) -> None:
        """As after a restart of the gateway: only what is on disk is known."""
        outbox = self.office.ports.outbox
        way = _Timely(self.service, 20, self.office.clock)
        courier = Courier(outbox, self.office.clock, {"outlet:wechat": way}, {})
        self._outlets = Outlets(self._context, self._stage, dict, courier)

    async def turn(self) -> list[tuple[str, str, int | None]]:
        """What is told now: step, ticket, position."""
        before = len(self.service.told)
        await self._outlets.turn()
        courier = self._outlets.courier
        await courier.deliver(courier.rounds["outlet:wechat"])
        new = self.service.told[before:]
        return [(each["step"], each["ticket"], each["position"]) for each in new]


async def _arrive(office: Department, *numbers: str) -> None:
    for number in numbers:
        await office.books(number, "08:00")
        await office.arrives(number)


async def test_each_step_is_told_once_whatever_is_looked_at_or_restarted(tmp_path: Path) -> None:
    section = _section()
    async with department(tmp_path, section) as office:
        trial = Trial(office, tmp_path, section)
        await _arrive(office, *PEOPLE)
        first = await trial.turn()
        assert [(step, place) for step, _, place in first] == [("position", n) for n in (1, 2, 3)]
        assert await trial.turn() == []
        ticket = await office.desk.call_next(WANG, "linac-1")
        told = await trial.turn()
        assert ("called", ticket.label, None) in told
        assert [each for each in told if each[0] == "position"] == [("position", "A004", 3)]
        trial.start()
        assert await trial.turn() == []
        await office.desk.take(WANG, ticket.id, Verb.RECALL)
        assert await trial.turn() == [("called", ticket.label, None)]
        await office.desk.take(WANG, ticket.id, Verb.SKIP)
        assert ("skipped", ticket.label, None) in await trial.turn()


async def test_what_is_told_names_nobody_and_says_which_appointment(tmp_path: Path) -> None:
    section = _section()
    async with department(tmp_path, section) as office:
        trial = Trial(office, tmp_path, section)
        await _arrive(office, *PEOPLE)
        while (await office.lane()).next is not None:
            ticket = await office.desk.call_next(WANG, "linac-1")
            await trial.turn()
            await office.desk.take(WANG, ticket.id, Verb.ENTER)
            await office.desk.take(WANG, ticket.id, Verb.START)
            await office.desk.take(WANG, ticket.id, Verb.FINISH)
        said = orjson.dumps(trial.service.told).decode()
        assert "李*娜" in said
        for number, (name, born) in PEOPLE.items():
            assert name not in said
            assert born not in said
            assert f'"{number}"' not in said
        assert all(each["appointment"]["filler"] for each in trial.service.told)
        assert {each["place"]["en"] for each in trial.service.told} == {"Room 1"}


async def test_what_is_late_is_not_told_but_a_dead_letter(tmp_path: Path) -> None:
    section = _section()
    async with department(tmp_path, section) as office:
        trial = Trial(office, tmp_path, section)
        trial.service.away = True
        await _arrive(office, "1001")
        assert await trial.turn() == []
        office.clock.advance(21 * 60)
        trial.service.away = False
        assert await trial.turn() == []
        (dead,) = await office.ports.outbox.dead()
        assert "not told within 20 minutes" in dead.error
        page = await office.http.get("/queue/outlets?lang=en")
        assert "Nobody took these" in page.text
        again = await office.http.post(f"/queue/outlets/{dead.id}/again")
        assert again.status_code == 200
        assert await office.ports.outbox.dead() == []


def test_patients_are_told_of_by_https_alone() -> None:
    plain = {"url": "http://msg.hospital.local/queue", "secret": "s3cret"}
    with pytest.raises(ValidationError, match="goes by https: alone"):
        QueueRoomOptions.model_validate(_section(webhook=plain))
    here = {"url": "http://127.0.0.1:9/queue", "secret": "s3cret"}
    options = QueueRoomOptions.model_validate(_section(webhook=here, queues=["nowhere"]))
    assert "127.0.0.1" in options.calls()
    assert ("outlets", "wechat", "queues", 0) in [each.trail for each in options.faults([])]
