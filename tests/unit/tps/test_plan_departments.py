"""Whoever is limited to a department sees plans of its machines and of nobody's, and no others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.room import OWNER, Principal
from gateway.schedule.options import ScheduleOptions
from simulators.rt import STATIC, Course, Machine, Part, plan, record
from tests.unit.tps.treatment_case import Treatments, treatments
from tps_bridge.overview import PlanOverview

AGENDA = ScheduleOptions.model_validate(
    {
        "resources": {
            "linac-1": {"name": "LA1", "known_as": ["LINAC1"], "department": "radiotherapy"},
            "linac-2": {"name": "LA2", "known_as": ["LINAC2"], "department": "gynaecology"},
        }
    }
)
LI = Principal("person:li", "Li", OWNER.permissions, frozenset({"radiotherapy"}))
OURS = Course(patient="RT-1", label="OURS", points=2, pairs=4)
THEIRS = replace(OURS, patient="RT-2", label="THEIRS", machine="LINAC2", study="1.2.840.1")
NOBODYS = replace(OURS, patient="RT-3", label="NOBODYS", machine="OTHER", study="1.2.840.2")


@dataclass(frozen=True, slots=True)
class Shared:
    """Three plans, each on a machine of its own, and a record whose plan is not here."""

    t: Treatments
    ours: str
    theirs: str

    async def get(self, who: Principal, path: str) -> str:
        self.t.act_as(who)
        return (await self.t.http.get(path)).text

    async def status(self, who: Principal, path: str) -> int:
        self.t.act_as(who)
        return (await self.t.http.get(path)).status_code


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Shared]:
    ours, theirs, nobodys = [plan(STATIC, each) for each in (OURS, THEIRS, NOBODYS)]
    lost = plan(STATIC, replace(THEIRS, patient="RT-4"))
    stray = record(lost, 1, [Part(1), Part(2)], machine=Machine(name="LINAC2"))
    async with treatments(tmp_path, agenda=AGENDA) as t:
        await t.take(ours, theirs, nobodys, stray)
        yield Shared(t, str(ours.SOPInstanceUID), str(theirs.SOPInstanceUID))


@pytest.mark.parametrize("path", ["/courses?lang=en", "/courses?format=csv&lang=en"])
async def test_the_list_holds_ones_own_and_nobodys(shared: Shared, path: str) -> None:
    limited, whole = [await shared.get(who, path) for who in (LI, OWNER)]
    for label, seen in (("OURS", True), ("NOBODYS", True), ("THEIRS", False)):
        assert (label in limited) is seen
        assert label in whole


async def test_a_record_without_a_plan_is_of_its_machine(shared: Shared) -> None:
    for who, seen in ((LI, False), (OWNER, True)):
        assert ("LINAC2" in await shared.get(who, "/courses/problems")) is seen


async def test_what_is_of_others_is_not_there_by_its_address(shared: Shared) -> None:
    for path in (
        f"/plans/{shared.theirs}",
        f"/plans/{shared.theirs}/dose",
        f"/plans/{shared.theirs}/difference?plan={shared.ours}",
        f"/plans/{shared.ours}/difference?plan={shared.theirs}",
    ):
        assert await shared.status(LI, path) == 404, path
        assert await shared.status(OWNER, path) == 200, path


async def test_nothing_is_done_to_what_is_of_others(shared: Shared) -> None:
    shared.t.act_as(LI)
    before = shared.t.ports.last_seq
    why = {"reason": "because", "day": "2025-06-09", "fraction": "1", "override": "1"}
    for verb in ("approve", "retire", "end", "miss", "make-up", "override", "confirm"):
        answer = await shared.t.http.post(f"/plans/{shared.theirs}/{verb}", data=why)
        assert answer.status_code == 404, verb
    assert shared.t.ports.last_seq == before


async def test_the_palette_and_the_overview_leave_others_out(shared: Shared) -> None:
    overview = PlanOverview(shared.t.context, shared.t.desk.seen)
    assert await overview.find(LI, "RT-2") == []
    assert len(await overview.find(OWNER, "RT-2")) == 1
    assert (await overview.glance(LI)).tiles[0].value == "2"
    assert (await overview.glance(OWNER)).tiles[0].value == "3"


async def test_sessions_are_of_their_machine(shared: Shared) -> None:
    wanted = {"plan": shared.theirs, "group": 1, "at": "2025-06-12T14:00"}
    shared.t.act_as(LI)
    assert (await shared.t.http.post("/api/v1/sessions", json=wanted)).status_code == 404
    shared.t.act_as(OWNER)
    made = await shared.t.http.post("/api/v1/sessions", json=wanted)
    assert made.status_code == 201, made.text
    one = made.json()["id"]
    for path in ("/sessions", "/sessions?format=csv", "/api/v1/sessions"):
        asked = f"{path}{'&' if '?' in path else '?'}day=2025-06-12"
        assert "LINAC2" not in await shared.get(LI, asked), path
        assert "LINAC2" in await shared.get(OWNER, asked), path
    for who, status in ((LI, 404), (OWNER, 200)):
        assert await shared.status(who, f"/sessions/{one}") == status
    shared.t.act_as(LI)
    off = await shared.t.http.post(f"/sessions/{one}/cancel", data={"reason": "because"})
    assert off.status_code == 404
