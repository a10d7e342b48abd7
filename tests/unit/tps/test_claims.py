"""What a machine may claim when, and to which session a record belongs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicom.services import Actor, Verb
from gateway.room import OWNER, Permission
from gateway.web import Refusal
from simulators.rt import STATIC, Course, Part, approved, plan, record
from tests.unit.tps.offer_case import ENFORCED, Desk, offering, serving
from tests.unit.tps.treatment_case import CHEN, somebody, treatments
from tps_bridge.block import BlockKind
from tps_bridge.session import Session, SessionState
from tps_bridge.session.desk import SessionDesk

COURSE = Course(points=2, pairs=4, fractions=3)
TODAY = datetime(2025, 6, 12)  # noqa: DTZ001 - DICOM times have no zone


async def test_what_is_due_tomorrow_is_judged_as_of_now_when_it_is_claimed(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    given = record(made, 1, [Part(1), Part(2)], at=TODAY.replace(hour=8))
    async with offering(tmp_path, made, given) as desk:
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
    async with offering(tmp_path, made) as desk:
        t = desk.t
        first = await _ended(desk, uid, Verb.CANCEL)
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


async def _ended(
    desk: Desk, uid: str, verb: Verb = Verb.COMPLETE, at: str = "2025-06-12T08:00"
) -> Session:
    """A session that its machine claimed and ended; no record of it came."""
    session = await desk.scheduled(uid, at)
    await desk.offers.turn()
    await desk.does(session, Verb.CLAIM)
    await desk.does(session, verb)
    return session


@pytest.mark.parametrize("verb", [Verb.COMPLETE, Verb.CANCEL])
async def test_while_no_record_tells_what_a_session_gave_the_next_one_waits(
    tmp_path: Path, verb: Verb
) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with offering(tmp_path, made) as desk:
        t = desk.t
        first = await _ended(desk, uid, verb)
        again = await desk.scheduled(uid, "2025-06-12T09:10")
        await desk.offers.turn()
        assert (await desk.now(again)).item == ""
        page = await t.page(f"/plans/{uid}?lang=en")
        assert "ended, and no record tells all that it gave" in page
        assert "没有记录说明全部出束" in await t.page(f"/plans/{uid}?lang=zh-CN")
        told = t.context.neighbours(SessionDesk)
        assert await told.untold(OWNER) == [], "a record takes a moment"
        t.clock.advance(3600)
        assert [each.id for each in await told.untold(OWNER)] == [first.id]
        await t.take(record(made, 1, [Part(1), Part(2)], at=TODAY.replace(hour=8)))
        assert "no record tells all that it gave" not in await t.page(f"/plans/{uid}?lang=en")
        assert await told.untold(OWNER) == []


async def test_half_of_what_a_machine_completed_is_not_taken_for_all(tmp_path: Path) -> None:
    """Two records, one a beam: the second one is late."""
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    one, two = (
        record(made, 1, [Part(number)], at=TODAY.replace(hour=8, minute=number))
        for number in (1, 2)
    )
    async with offering(tmp_path, made) as desk:
        t = desk.t
        first = await _ended(desk, uid)
        await t.take(one)
        assert [each.id for each in await t.book.untold(uid)] == [first.id]
        again = await desk.scheduled(uid, "2025-06-12T09:10")
        await desk.offers.turn()
        assert (await desk.now(again)).item == "", "its beam 2 may have been given"
        await t.take(two)
        assert await t.book.session_records(again.id) == []
        assert (await desk.now(again)).state is SessionState.SCHEDULED
        assert await t.book.untold(uid) == []


async def test_two_people_supply_the_half_that_is_lost_or_say_that_there_is_none(
    tmp_path: Path,
) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    form = {"at": "2025-06-12T08:20", "ended": "normal", "reason": "one record is lost"}
    beams = {"beam-2": "100", "gave": "beams"}
    for given, delivered in ((beams, 1), ({"gave": "nothing"}, 0)):
        path = tmp_path / given["gave"]
        path.mkdir()
        async with offering(path, made) as desk:
            t = desk.t
            first = await _ended(desk, uid)
            t.clock.advance(3600)
            await t.take(record(made, 1, [Part(1)], at=TODAY.replace(hour=8)))
            hand = f"/sessions/{first.id}/hand"
            assert (await t.http.post(hand, data=form | given)).status_code == 200
            t.act_as(somebody("lan", *Permission))
            seq = {"given": str((await t.book.notes(uid))[-1].seq)}
            assert (await t.http.post(f"{hand}/confirm", data=seq)).status_code == 200
            assert await t.book.untold(uid) == []
            (ledger,) = await t.book.ledgers(uid)
            assert (ledger.delivered, ledger.partial) == (delivered, 1 - delivered)


async def test_what_was_read_before_half_of_it_came_is_not_confirmed(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with offering(tmp_path, made) as desk:
        t = desk.t
        first = await _ended(desk, uid)
        t.clock.advance(3600)
        hand = f"/sessions/{first.id}/hand"
        form = {"beam-1": "100", "beam-2": "100", "gave": "beams", "at": "2025-06-12T08:20"}
        form |= {"ended": "normal", "reason": "the records are lost"}
        assert (await t.http.post(hand, data=form)).status_code == 200
        await t.take(record(made, 1, [Part(1)], at=TODAY.replace(hour=8)))
        t.act_as(somebody("lan", *Permission))
        seq = {"given": str((await t.book.notes(uid))[-1].seq)}
        assert (await t.http.post(f"{hand}/confirm", data=seq)).status_code == 409
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.findings == ()


async def test_each_record_that_a_machine_names_as_its_output_is_waited_for(
    tmp_path: Path,
) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    one = record(made, 1, [Part(1, 0, 40, termination="MACHINE")], at=TODAY.replace(hour=8))
    two = record(made, 1, [Part(2)], at=TODAY.replace(hour=8, minute=5))
    async with offering(tmp_path, made) as desk:
        t = desk.t
        session = await desk.scheduled(uid, "2025-06-12T08:00")
        await desk.offers.turn()
        await desk.does(session, Verb.CLAIM)
        await desk.does(session, Verb.SET, _outputs(one, two))
        await desk.does(session, Verb.CANCEL)
        again = await desk.scheduled(uid, "2025-06-12T09:10")
        for each, left in ((one, [session.id]), (two, [])):
            await t.take(each)
            assert [waits.id for waits in await t.book.untold(uid)] == left
        assert len(await t.book.session_records(session.id)) == 2
        assert (await desk.now(again)).state is SessionState.SCHEDULED


def _outputs(*several: Dataset) -> Mapping[str, Any]:
    """What a machine says of the objects that it made."""
    made = Dataset()
    step, output = Dataset(), Dataset()
    made.UnifiedProcedureStepPerformedProcedureSequence = [step]
    step.OutputInformationSequence = [output]
    output.ReferencedSOPSequence = [_reference(each) for each in several]
    said: Mapping[str, Any] = made.to_json_dict()
    return said


def _reference(of: Dataset) -> Dataset:
    made = Dataset()
    made.ReferencedSOPClassUID = of.SOPClassUID
    made.ReferencedSOPInstanceUID = of.SOPInstanceUID
    return made


async def test_two_people_say_that_a_session_gave_nothing(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    form = {"at": "2025-06-12T08:20", "ended": "interrupted", "reason": "the patient was ill"}
    async with offering(tmp_path, made) as desk:
        t = desk.t
        first = await _ended(desk, uid, Verb.CANCEL)
        path = f"/sessions/{first.id}/hand"
        t.clock.advance(3600)
        assert "no record tells all that it gave" in await t.page(f"/sessions/{first.id}?lang=en")
        assert (await t.http.post(path, data=form)).status_code == 422
        answer = await t.http.post(path, data={**form, "gave": "nothing"})
        assert answer.status_code == 200
        again = await desk.scheduled(uid, "2025-06-12T10:10")
        await desk.offers.turn()
        assert (await desk.now(again)).item == ""
        t.act_as(somebody("lan", *Permission))
        given = {"given": str((await t.book.notes(uid))[-1].seq)}
        assert (await t.http.post(f"{path}/confirm", data=given)).status_code == 200
        await desk.offers.turn()
        assert (await desk.now(again)).item
        assert await desk.claim(again) == ""
        late = record(made, 1, [Part(1), Part(2)], at=TODAY.replace(hour=8))
        await t.take(late)
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.delivered == 1, "a record that comes after all counts"


async def test_while_a_plan_is_treated_nobody_else_gets_it(tmp_path: Path) -> None:
    old, new = (approved(plan(STATIC, COURSE)) for _ in range(2))
    said = {"other": str(old.SOPInstanceUID), "kinship": "adapts", "counts": "yes", "reason": "x"}
    async with treatments(tmp_path, ENFORCED) as t:
        await t.take(old, new)
        desk = Desk(t)
        for each in (old, new):
            await desk.identified(str(each.SOPInstanceUID))
        path = f"/plans/{new.SOPInstanceUID}/relate"
        assert (await t.http.post(path, data=said)).status_code == 200
        one = await desk.scheduled(str(old.SOPInstanceUID), "2025-06-12T09:00")
        two = await desk.scheduled(str(new.SOPInstanceUID), "2025-06-12T09:00")
        await desk.offers.turn()
        assert await desk.claim(two) == ""
        await desk.does(one, Verb.CLAIM)
        assert await desk.claim(two) == "blocked: session"


async def test_a_record_is_of_the_session_that_was_treated_whatever_day_that_was_due(
    tmp_path: Path,
) -> None:
    """Claimed the day before it was due; of a machine that leaves out its name."""
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    given = record(made, 1, [Part(1), Part(2)], at=TODAY.replace(hour=8))
    given.TreatmentMachineSequence[0].TreatmentMachineName = ""
    async with offering(tmp_path, made) as desk:
        t = desk.t
        early = await _ended(desk, uid, at="2025-06-13T08:00")
        await t.take(given)
        assert len(await t.book.session_records(early.id)) == 1
        assert await t.book.untold(uid) == []


async def test_what_its_machine_told_meanwhile_is_not_confirmed_by_hand(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with offering(tmp_path, made) as desk:
        t = desk.t
        session = await _ended(desk, uid)
        t.clock.advance(3600)
        path = f"/sessions/{session.id}/hand"
        form = {"beam-1": "100", "beam-2": "100", "gave": "beams", "at": "2025-06-12T08:20"}
        form |= {"ended": "normal", "reason": "the record server is down"}
        assert (await t.http.post(path, data=form)).status_code == 200
        await t.take(record(made, 1, [Part(1), Part(2)], at=TODAY.replace(hour=8)))
        t.act_as(somebody("lan", *Permission))
        given = {"given": str((await t.book.notes(uid))[-1].seq)}
        assert (await t.http.post(f"{path}/confirm", data=given)).status_code == 409
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.findings == ()


async def test_while_a_record_was_not_read_nobody_is_treated_and_the_planner_waits(
    tmp_path: Path,
) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with offering(tmp_path, made) as desk:
        t = desk.t
        session = await desk.scheduled(uid, "2025-06-12T09:10")
        await desk.offers.turn()
        await t.store(record(made, 1, [Part(1), Part(2)], at=TODAY.replace(day=11)))
        assert await desk.claim(session) == "blocked: count"
        await t.read()
        assert await desk.claim(session) == "blocked: fraction"


async def test_what_is_called_off_while_it_is_claimed_is_one_or_the_other(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    async with serving(tmp_path, made) as (desk, engine):
        sessions = desk.t.context.neighbours(SessionDesk)
        said = set()
        for pause in (0, 1, 3, 10, 30):
            session = await desk.scheduled(str(made.SOPInstanceUID), "2025-06-12T09:10")
            await desk.offers.turn()
            item, transaction = (await desk.now(session)).item, generate_uid()
            claim = asyncio.create_task(
                engine.state_changed(item, "IN PROGRESS", transaction, Actor("L1"))
            )
            for _ in range(pause):
                await asyncio.sleep(0)
            try:
                await sessions.cancel(OWNER, session.id, "ill")
                then = SessionState.CANCELLED
            except Refusal:
                then = SessionState.IN_PROGRESS
            granted = (await claim).status == 0
            said.add(then)
            assert (await desk.now(session)).state is then
            assert granted == (then is SessionState.IN_PROGRESS)
            kept = await engine.item(item)
            assert kept is not None
            assert kept.state == ("IN PROGRESS" if granted else "CANCELED")
            if granted:
                break
        assert said


async def test_nobody_claims_what_was_called_off_and_its_work_item_is_withdrawn(
    tmp_path: Path,
) -> None:
    made = approved(plan(STATIC, COURSE))
    async with serving(tmp_path, made) as (desk, engine):
        sessions = desk.t.context.neighbours(SessionDesk)
        session = await desk.scheduled(str(made.SOPInstanceUID), "2025-06-12T09:10")
        await desk.offers.turn()
        item = (await desk.now(session)).item
        await sessions.cancel(OWNER, session.id, "ill")
        claim = await engine.state_changed(item, "IN PROGRESS", generate_uid(), Actor("L1"))
        left = await desk.now(session)
        assert (left.state, left.item, left.why) == (SessionState.CANCELLED, "", "ill")
        assert claim.status != 0


async def test_what_a_machine_claimed_is_its_own_though_it_was_called_off(tmp_path: Path) -> None:
    """Where no title serves work items any more, none could be withdrawn."""
    made = approved(plan(STATIC, COURSE))
    async with offering(tmp_path, made) as desk:
        session = await desk.scheduled(str(made.SOPInstanceUID), "2025-06-12T09:10")
        await desk.offers.turn()
        await desk.t.context.neighbours(SessionDesk).cancel(OWNER, session.id, "ill")
        assert (await desk.now(session)).state is SessionState.CANCELLED
        await desk.does(session, Verb.CLAIM)
        now = await desk.now(session)
        assert (now.state, now.ended, now.why) == (SessionState.IN_PROGRESS, None, "")
        assert [each.id for each in await desk.t.book.untold(session.plan)] == [session.id]


async def test_of_two_claims_in_one_course_at_once_one_is_granted(tmp_path: Path) -> None:
    old, new = (approved(plan(STATIC, COURSE)) for _ in range(2))
    said = {"other": str(old.SOPInstanceUID), "kinship": "adapts", "counts": "yes", "reason": "x"}
    async with serving(tmp_path, old, new) as (desk, engine):
        path = f"/plans/{new.SOPInstanceUID}/relate"
        assert (await desk.t.http.post(path, data=said)).status_code == 200
        several = [
            await desk.scheduled(str(each.SOPInstanceUID), "2025-06-12T09:00")
            for each in (old, new)
        ]
        await desk.offers.turn()
        items = [(await desk.now(each)).item for each in several]
        claims = [
            engine.state_changed(each, "IN PROGRESS", generate_uid(), Actor("L1")) for each in items
        ]
        told = sorted([each.status for each in await asyncio.gather(*claims)])
        assert told == [0, 0x0124]


async def test_one_persons_word_that_it_was_given_holds_the_machine_back(tmp_path: Path) -> None:
    """The worklist was down: an item stood there, and the machine treated without it."""
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with serving(tmp_path, made) as (desk, engine):
        t = desk.t
        session = await desk.scheduled(uid, "2025-06-12T08:40")
        await desk.offers.turn()
        item = (await desk.now(session)).item
        hand = f"/sessions/{session.id}/hand"
        form = {"beam-1": "100", "beam-2": "100", "at": "2025-06-12T08:50", "ended": "normal"}
        answer = await t.http.post(hand, data={**form, "reason": "from file mode"})
        assert answer.status_code == 200
        claim = await engine.state_changed(item, "IN PROGRESS", generate_uid(), Actor("L1"))
        assert claim.status != 0
        await desk.offers.turn()
        assert (await desk.now(session)).item == ""
        page = await t.page(f"/sessions/{session.id}?lang=en")
        assert "a record by hand of 2025-06-12 waits for a second person" in page
        t.act_as(somebody("lan", *Permission))
        given = {"given": str((await t.book.notes(uid))[-1].seq)}
        assert (await t.http.post(f"{hand}/confirm", data=given)).status_code == 200
        assert (await desk.now(session)).state is SessionState.COMPLETED
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.delivered == 1


async def test_what_is_taken_back_unconfirmed_holds_nothing_back(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with serving(tmp_path, made) as (desk, _):
        t = desk.t
        session = await desk.scheduled(uid, "2025-06-12T08:40")
        hand = f"/sessions/{session.id}/hand"
        form = {"beam-1": "100", "at": "2025-06-12T08:50", "ended": "normal", "reason": "x"}
        assert (await t.http.post(hand, data=form)).status_code == 200
        await desk.offers.turn()
        assert (await desk.now(session)).item == ""
        back = {"given": str((await t.book.notes(uid))[-1].seq), "reason": "another session"}
        assert (await t.http.post(f"{hand}/take-back", data=back)).status_code == 200
        await desk.offers.turn()
        assert (await desk.now(session)).item


async def test_a_machine_that_has_claimed_it_says_itself_what_it_gives(tmp_path: Path) -> None:
    made = approved(plan(STATIC, COURSE))
    async with serving(tmp_path, made) as (desk, engine):
        session = await desk.scheduled(str(made.SOPInstanceUID), "2025-06-12T08:40")
        await desk.offers.turn()
        item = (await desk.now(session)).item
        await engine.state_changed(item, "IN PROGRESS", generate_uid(), Actor("L1"))
        hand = f"/sessions/{session.id}/hand"
        form = {"beam-1": "100", "at": "2025-06-12T08:50", "ended": "normal", "reason": "x"}
        assert (await desk.t.http.post(hand, data=form)).status_code == 409


async def test_what_was_treated_the_day_before_it_was_due_is_recorded_at_its_true_time(
    tmp_path: Path,
) -> None:
    made = approved(plan(STATIC, COURSE))
    async with offering(tmp_path, made) as desk:
        session = await _ended(desk, str(made.SOPInstanceUID), at="2025-06-13T08:50")
        desk.t.clock.advance(600)
        hand = f"/sessions/{session.id}/hand"
        form = {"beam-1": "100", "beam-2": "100", "gave": "beams", "ended": "normal"}
        form |= {"at": "2025-06-12T09:05", "reason": "the record is lost"}
        assert (await desk.t.http.post(hand, data=form)).status_code == 200
        early = {**form, "at": "2025-06-11T09:05"}
        assert (await desk.t.http.post(hand, data=early)).status_code == 422


async def test_what_is_told_after_an_override_of_a_session_is_not_set_aside(tmp_path: Path) -> None:
    """Somebody was sure that it gave nothing; then a record tells that it gave half."""
    made = approved(plan(STATIC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with offering(tmp_path, made) as desk:
        t = desk.t
        await _ended(desk, uid)
        shown = await t.shown(uid, BlockKind.SESSION)
        await t.desk.override(CHEN, uid, shown, "it stopped before the first beam")
        await t.desk.confirm(somebody("lan", *Permission), uid, (await t.book.notes(uid))[-1].seq)
        again = await desk.scheduled(uid, "2025-06-12T09:10")
        await desk.offers.turn()
        assert (await desk.now(again)).item
        await t.take(record(made, 1, [Part(1)], at=TODAY.replace(hour=8)))
        assert await desk.claim(again) == "blocked: session"
