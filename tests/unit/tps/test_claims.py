"""What a machine may claim when, and to which session a record belongs."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from dicom.services import Verb
from gateway.web import Refusal
from simulators.rt import STATIC, Course, Part, approved, plan, record
from tests.unit.tps.offer_case import ENFORCED, Desk
from tests.unit.tps.treatment_case import treatments
from tps_bridge.session import SessionState

COURSE = Course(points=2, pairs=4, fractions=3)
TODAY = datetime(2025, 6, 12)  # noqa: DTZ001 - DICOM times have no zone


async def test_what_is_due_tomorrow_is_judged_as_of_now_when_it_is_claimed(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path, ENFORCED) as t:
        await t.take(made, record(made, 1, [Part(1), Part(2)], at=TODAY.replace(hour=8)))
        desk = Desk(t)
        await desk.identified(uid)
        session = await desk.scheduled(uid, "2025-06-13T08:50")
        await desk.offers.turn()
        assert (await desk.now(session)).item
        assert await desk.claim(session) == "blocked: day"


async def test_two_who_schedule_at_once_make_one_session(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path, ENFORCED) as t:
        await t.take(made)
        desk = Desk(t)
        several = [desk.scheduled(uid, "2025-06-12T09:10") for _ in range(2)]
        done = await asyncio.gather(*several, return_exceptions=True)
        assert [type(each) for each in done].count(Refusal) == 1
        assert len(await t.book.sessions(uid)) == 1


async def test_a_late_record_is_of_the_session_that_ended_without_one(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    part = [Part(1, 0, 40, termination="MACHINE")]
    async with treatments(tmp_path, ENFORCED) as t:
        await t.take(made)
        desk = Desk(t)
        await desk.identified(uid)
        first = await desk.scheduled(uid, "2025-06-12T08:00")
        await desk.offers.turn()
        await desk.does(first, Verb.CLAIM)
        await desk.does(first, Verb.CANCEL)
        rest = await desk.scheduled(uid, "2025-06-12T11:00")
        await t.take(record(made, 1, part, at=TODAY.replace(hour=8, minute=5)))
        assert (await desk.now(rest)).state is SessionState.SCHEDULED
        assert len(await t.book.session_records(first.id)) == 1
        assert await t.book.session_records(rest.id) == []


async def test_a_record_moves_the_session_of_its_own_group(tmp_path: Path) -> None:
    made = plan(STATIC, replace(COURSE, beams=2))
    one = made.FractionGroupSequence[0]
    two = deepcopy(one)
    two.FractionGroupNumber = 2
    for group, beam in ((one, 0), (two, 1)):
        group.ReferencedBeamSequence = [group.ReferencedBeamSequence[beam]]
        group.NumberOfBeams = 1
    made.FractionGroupSequence = [one, two]
    uid = str(approved(made).SOPInstanceUID)
    given = record(made, 1, [Part(2, 0, 100)], at=TODAY.replace(hour=9))
    given.ReferencedFractionGroupNumber = 2
    async with treatments(tmp_path) as t:
        await t.take(made)
        desk = Desk(t)
        first = await desk.scheduled(uid, "2025-06-12T09:30", 1)
        second = await desk.scheduled(uid, "2025-06-12T09:00", 2)
        await t.take(given)
        assert (await desk.now(first)).state is SessionState.SCHEDULED
        assert (await desk.now(second)).state is SessionState.COMPLETED
