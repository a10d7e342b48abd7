"""Sessions that verify the patient's position, and what machines say of verification."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dicom.services import tag, text, values
from gateway.room import OWNER, Permission
from gateway.testing import known_ring
from gateway.web import Refusal
from simulators.rt import ARC, Course, Machine, Part, approved, plan, record
from tests.unit.tps.test_sessions import MADE, WHEN, parts, take
from tests.unit.tps.treatment_case import CHEN, Treatments, somebody, treatments
from tps_bridge.book import Book
from tps_bridge.options import TpsOptions
from tps_bridge.record import Verification, worst
from tps_bridge.record_desk import RecordDesk
from tps_bridge.session import BeamTask, Session, SessionState, Step, Verifier
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.hand import HandDesk
from tps_bridge.session.instruction import Object, instruction, work_item

COURSE = Course(points=5, pairs=4, fractions=3)
BOTH = TpsOptions.model_validate(
    {"machines": {"LINAC1": {"level": "enforced", "tasks": ["VERIFY_AND_TREAT", "VERIFY"]}}}
)
STORED = Object("1.2.840.10008.5.1.4.1.1.481.5", "1.2.3", "1.2", "1.2.1", "ISOGATE")
IMAGE = [Part(1, 0, 2, "OPEN_PORTFILM")]


async def to_verify(t: Treatments, uid: str) -> Session:
    desk = t.context.neighbours(SessionDesk)
    at = desk.moment("2025-06-09T08:00")
    return await desk.schedule(OWNER, uid, 1, at, task=BeamTask.VERIFY)


async def test_the_instruction_says_what_the_beams_are_for(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path, BOTH) as t:
        await t.take(made)
        told = instruction(*await parts(t, made), WHEN)
        tasks = values(told, tag("BeamTaskSequence"))
        assert [text(each, tag("BeamTaskType")) for each in tasks] == ["VERIFY_AND_TREAT"] * 2


@pytest.mark.parametrize(
    ("verifier", "code"), [(Verifier.INTERNAL, "121726"), (Verifier.EXTERNAL, "121727")]
)
def test_the_workitem_code_says_who_verifies_the_settings(verifier: Verifier, code: str) -> None:
    """CID 9241."""
    (work,) = values(
        work_item(MADE, [STORED], WHEN, verifier), tag("ScheduledWorkitemCodeSequence")
    )
    assert text(work, tag("CodeValue")) == code


async def test_a_machine_gets_no_task_that_it_does_not_take(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made)
        with pytest.raises(Refusal, match="LINAC1 takes no task VERIFY"):
            await to_verify(t, str(made.SOPInstanceUID))
        body = {"plan": str(made.SOPInstanceUID), "at": "2025-06-09T08:00", "task": "LOOK"}
        assert (await t.http.post("/api/v1/sessions", json=body)).status_code == 422


@pytest.mark.parametrize("tasks", [[], ["VERIFY"]])
def test_a_machine_that_treats_nothing_is_none(tasks: list[str]) -> None:
    with pytest.raises(ValidationError, match="TREAT or VERIFY_AND_TREAT"):
        TpsOptions.model_validate({"machines": {"L1": {"level": "enforced", "tasks": tasks}}})


def test_tasks_that_no_instruction_tells_are_a_fault_of_the_configuration() -> None:
    options = TpsOptions.model_validate({"machines": {"L1": {"tasks": ["VERIFY_AND_TREAT"]}}})
    (fault,) = options.faults(())
    assert fault.trail == ("machines", "L1", "tasks")


async def test_a_verification_is_no_fraction_and_its_record_belongs_to_it(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path, BOTH) as t:
        await t.take(made)
        session = await to_verify(t, uid)
        assert (
            await HandDesk(t.context, t.book, t.context.neighbours(SessionDesk)).sheet(session)
        ).beams == ()
        image = record(made, 1, IMAGE, machine=Machine(verdict="VERIFIED"))
        await t.take(image)
        assert await t.book.session_records(session.id) == [str(image.SOPInstanceUID)]
        assert (await t.book.session(session.id)) == session, "only its work item moves it"
        (ledger,) = await t.book.ledgers(uid)
        assert (ledger.delivered, ledger.partial, ledger.next) == (0, 0, 1)
        treated = record(made, 1, [Part(1), Part(2)])
        await t.take(treated)
        assert await t.book.session_records(session.id) == [str(image.SOPInstanceUID)]
        (alone,) = await t.book.records_alone()
        assert alone.card.uid == str(treated.SOPInstanceUID)
        page = await t.page(f"/sessions/{session.id}?lang=zh-CN")
        assert "摆位核查" in page
        assert "不计分次" in page


@given(st.sampled_from(sorted(BeamTask)))
def test_what_only_verifies_ends_as_verified_and_nothing_else_does(task: BeamTask) -> None:
    done = take(
        Session("s", "1.2", "d", 1, 1, "L1", MADE.identity, MADE.at, task=task),
        Step.OFFER,
        Step.BEGIN,
        Step.COMPLETE,
    )
    assert (done.state is SessionState.VERIFIED) is (task is BeamTask.VERIFY)
    assert done.state.is_done


async def test_an_override_is_a_task_until_somebody_looked_at_it(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    given_ = record(made, 1, [Part(1), Part(2)], machine=Machine(verdict="VERIFIED_OVR"))
    async with treatments(tmp_path) as t:
        await t.take(made, given_)
        assert "VERIFIED_OVR" in await t.page("/courses/problems?lang=en")
        form = {"object": str(given_.SOPInstanceUID), "reason": "couch was lowered on purpose"}
        t.act_as(somebody("wu", Permission.READ_PLANS))
        assert (await t.http.post(f"/plans/{uid}/settle", data=form)).status_code == 403
        t.act_as(CHEN)
        done = await t.http.post(f"/plans/{uid}/settle?lang=en", data=form)
        assert "Nothing needs a person." in unescape(done.text)
        assert "couch was lowered on purpose" in await t.page(f"/plans/{uid}?lang=en")
        assert (await t.http.post(f"/plans/{uid}/settle", data=form)).status_code == 409
        (ledger,) = await t.book.ledgers(uid)
        assert ledger.delivered == 1


async def test_a_replay_knows_what_is_open_and_what_a_session_is_for(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    doubtful = [
        record(made, number, [Part(1), Part(2)], machine=Machine(verdict="NOT_VERIFIED"))
        for number in (1, 2)
    ]
    async with treatments(tmp_path, BOTH) as t:
        await t.take(made)
        session = await to_verify(t, str(made.SOPInstanceUID))
        await t.take(*doubtful)
        settled = str(doubtful[0].SOPInstanceUID)
        await RecordDesk(t.book, t.desk).settle(
            OWNER, str(made.SOPInstanceUID), settled, "read at the machine"
        )
        async with Book.open(tmp_path / "again" / "tps.sqlite", known_ring()) as again:
            await t.ports.feed(again)
            assert await again.session(session.id) == await t.book.session(session.id) == session
            assert await again.doubted() == await t.book.doubted()
            assert [each.card.uid for each in await again.doubted()] == [
                str(doubtful[1].SOPInstanceUID)
            ]


@given(st.lists(st.sampled_from(sorted(Verification))))
def test_a_record_is_as_doubtful_as_its_worst_beam(several: list[Verification]) -> None:
    found = worst(several)
    assert found.is_doubtful is any(each.is_doubtful for each in several)
    assert (found is Verification.VERIFIED) is (set(several) == {Verification.VERIFIED})


async def test_a_word_that_the_standard_does_not_know_is_not_verified(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made, record(made, 1, [Part(1)], machine=Machine(verdict="OK")))
        (row,) = await t.book.doubted()
        assert row.card.verification is Verification.FAILED
