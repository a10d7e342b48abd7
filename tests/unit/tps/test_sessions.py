"""Sessions: what may happen to one when, what moves it, and what a machine is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from dicom.services import first, tag, text, values
from gateway import Instant
from gateway.room import OWNER, Permission
from gateway.web import Refusal
from simulators.rt import ARC, Course, Part, approved, brachy_plan, plan, record
from tests.unit.tps.treatment_case import CHEN, NOW, Treatments, somebody, treatments
from tps_bridge.block import BlockKind
from tps_bridge.book.card import PlanCard
from tps_bridge.draw.day import Slot, lanes
from tps_bridge.ledger import Fraction, Ledger
from tps_bridge.options import TpsOptions
from tps_bridge.plan import Identity
from tps_bridge.session import Illegal, Level, Move, Session, SessionState, Step, moved
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.events import as_json, from_json
from tps_bridge.session.instruction import (
    INSTRUCTION,
    Object,
    Unclear,
    instruction,
    uid_of,
    work_item,
)
from tps_bridge.session.offer import Offers

COURSE = Course(points=5, pairs=4, fractions=3)
HOUR = 3600 * 1_000_000
WHEN = datetime(2025, 6, 12, 9, 30, tzinfo=UTC)
MADE = Session("s1", "1.2.3", "d", 1, 1, "LINAC1", Identity("P1", "HIS"), NOW)


def take(session: Session, *steps: Step) -> Session:
    for step in steps:
        session = moved(session, Move(step, NOW, "ae:L1"))
    return session


def test_a_session_goes_from_its_time_to_its_end() -> None:
    done = take(MADE, Step.OFFER, Step.BEGIN, Step.PROGRESS, Step.COMPLETE)
    assert (done.state, done.performer, done.offers) == (SessionState.COMPLETED, "ae:L1", 1)
    assert from_json(as_json(done)) == done


@given(st.lists(st.sampled_from(sorted(set(Step) - {Step.SCHEDULE})), max_size=12))
def test_nothing_leads_out_of_an_end_and_only_a_session_that_began_is_discontinued(
    steps: list[Step],
) -> None:
    session = MADE
    for step in steps:
        try:
            after = take(session, step)
        except Illegal:
            continue
        if step is not Step.TAKE_BACK and not session.state.is_open:
            same = replace(session, item="", instruction="")
            assert after in {session, same}, f"{step} moved a session that is {session.state}"
        if after.state is SessionState.CANCELLED:
            assert after.begun is None
        if after.state in {SessionState.COMPLETED, SessionState.DISCONTINUED}:
            assert after.ended is not None
            assert after.performer
        session = after


async def scheduled(t: Treatments, uid: str, at: str = "2025-06-09T10:00") -> Session:
    desk = t.context.neighbours(SessionDesk)
    return await desk.schedule(OWNER, uid, 1, desk.moment(at))


async def test_the_next_fraction_is_scheduled_once(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made, record(made, 1, [Part(1), Part(2)]))
        uid = str(made.SOPInstanceUID)
        session = await scheduled(t, uid)
        assert (session.fraction, session.machine) == (2, "LINAC1")
        with pytest.raises(Refusal, match="open already"):
            await scheduled(t, uid)
        desk = t.context.neighbours(SessionDesk)
        await desk.cancel(OWNER, session.id, "the patient is ill")
        with pytest.raises(Refusal, match="begun or ended"):
            await desk.cancel(OWNER, session.id, "again")
        with pytest.raises(Refusal, match="2026-11-23T14:05"):
            await scheduled(t, uid, "tomorrow")
        steps = await t.book.session_steps(session.id)
        assert [each.step for each in steps] == [Step.SCHEDULE, Step.CANCEL]
        actions = [each.action for each in t.audit.entries if each.action.startswith("session.")]
        assert actions == ["session.schedule", "session.cancel"]


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "0001-01-01T00:00+14:00", "1986-05-04T02:30"])
async def test_a_time_that_no_clock_of_the_site_shows_is_refused(tmp_path: Path, text: str) -> None:
    made = plan(ARC, COURSE)
    async with treatments(tmp_path) as t:
        await t.take(made)
        form = {"group": "1", "at": text}
        answer = await t.http.post(f"/plans/{made.SOPInstanceUID}/session?lang=en", data=form)
        assert answer.status_code == 422
        assert "This time does not exist" in answer.text
        assert await t.book.sessions(str(made.SOPInstanceUID)) == []


async def test_a_day_shows_its_sessions_and_what_stands_against_them(tmp_path: Path) -> None:
    made = plan(ARC, COURSE)
    options = TpsOptions.model_validate({"machines": {"LINAC1": {"level": "gated"}}})
    async with treatments(tmp_path, options) as t:
        assert "No treatment is scheduled" in await t.page("/sessions?lang=en&day=2025-06-12")
        await t.take(made)
        form = {"group": "1", "at": "2025-06-12T10:00"}
        answer = await t.http.post(f"/plans/{made.SOPInstanceUID}/session?lang=en", data=form)
        assert answer.status_code == 200
        day = await t.page("/sessions?lang=en&day=2025-06-12")
        assert 'class="slot is-blocked"' in day
        assert "Patients with a blocked session are not to be called." in day
        (session,) = await t.book.sessions(str(made.SOPInstanceUID))
        one = await t.page(f"/sessions/{session.id}?lang=en")
        assert "No: the patient is not to be called." in one
        assert "the plan is not approved (UNAPPROVED)" in one
        chinese = await t.page("/sessions?lang=zh-CN&day=2025-06-12")
        assert "受阻" in chinese
        csv = (await t.http.get("/sessions?format=csv&day=2025-06-12&lang=en")).text
        assert "10:00,LINAC1" in csv
        assert (await t.http.get("/sessions/none")).status_code == 404


async def test_records_move_a_session_that_no_machine_claims(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, str(made.SOPInstanceUID))
        await t.take(record(made, 1, [Part(1)]))
        begun = await t.book.session(session.id)
        assert begun is not None
        assert (begun.state, begun.progress) == (SessionState.IN_PROGRESS, 50.0)
        rest = record(made, 1, [Part(2)])
        await t.take(rest, record(made, 2, [Part(1), Part(2)]))
        done = await t.book.session(session.id)
        assert done is not None
        assert (done.state, done.performer) == (SessionState.COMPLETED, "record:LINAC1")
        assert len(await t.book.session_records(session.id)) == 2
        (alone,) = await t.book.records_alone()
        assert alone.card.given[0].fraction == 2
        said = [each.code.code for each in t.ports.events if each.code.code.startswith("session.")]
        assert said == ["session.schedule", "session.began", "session.completed"]


async def parts(t: Treatments, made: Dataset) -> tuple[Session, PlanCard, Ledger, Object]:
    """What an instruction is made of, for a session of a plan that was taken."""
    uid = str(made.SOPInstanceUID)
    session, row = await scheduled(t, uid), await t.book.plan(uid)
    assert row is not None
    (ledger,) = await t.book.ledgers(uid)
    stored = Object("1.2.840.10008.5.1.4.1.1.481.5", uid, "1.2", "1.2.1", "ISOGATE")
    return session, row.card, ledger, stored


async def test_the_instruction_names_every_beam_and_the_rest_of_one_that_was_begun(
    tmp_path: Path,
) -> None:
    """PS3.3 C.8.8.29: its attributes of types 1 and 2, and those that a continuation needs."""
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        session, card, ledger, stored = await parts(t, made)
        told = instruction(session, card, ledger, stored, WHEN)
        assert text(told, tag("SOPClassUID")) == INSTRUCTION
        tasks = values(told, tag("BeamTaskSequence"))
        assert [text(each, tag("ReferencedBeamNumber")) for each in tasks] == ["1", "2"]
        assert [first(each, tag("BeamOrderIndex")) for each in tasks] == [1, 2]
        assert {text(each, tag("TreatmentDeliveryType")) for each in tasks} == {"TREATMENT"}
        again = instruction(session, card, ledger, stored, WHEN)
        assert again == told
        await t.take(record(made, 1, [Part(1), Part(2, 0, 40, termination="MACHINE")]))
        (ledger,) = await t.book.ledgers(uid)
        rest = instruction(session, card, ledger, stored, WHEN)
        (task,) = values(rest, tag("BeamTaskSequence"))
        assert text(task, tag("TreatmentDeliveryType")) == "CONTINUATION"
        assert first(task, tag("ContinuationStartMeterset")) == 40.0
        assert first(task, tag("ContinuationEndMeterset")) == 100.0
        assert text(rest, tag("SOPInstanceUID")) != text(told, tag("SOPInstanceUID"))


async def test_the_rest_of_a_beam_is_told_in_the_unit_of_its_plan(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    for beam in made.BeamSequence:
        beam.PrimaryDosimeterUnit = "MINUTE"
    str(made.SOPInstanceUID)
    given = record(made, 1, [Part(1), Part(2, 0, 40, termination="MACHINE")])
    given.PrimaryDosimeterUnit = "MINUTE"
    async with treatments(tmp_path) as t:
        await t.take(made, given)
        session, card, ledger, stored = await parts(t, made)
        (task,) = values(instruction(session, card, ledger, stored, WHEN), tag("BeamTaskSequence"))
        assert text(task, tag("PrimaryDosimeterUnit")) == "MINUTE"
        silent = replace(ledger, fractions=tuple(map(_without_unit, ledger.fractions)))
        with pytest.raises(Unclear, match="unit of beam 2"):
            instruction(session, card, silent, stored, WHEN)


def _without_unit(fraction: Fraction) -> Fraction:
    return replace(fraction, beams=tuple(replace(each, unit="") for each in fraction.beams))


async def test_an_application_gets_no_instruction_for_beams(tmp_path: Path) -> None:
    made = approved(brachy_plan())
    str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        await t.take(made)
        session, card, ledger, stored = await parts(t, made)
        with pytest.raises(Unclear, match="no instruction is made for brachytherapy"):
            instruction(session, card, ledger, stored, WHEN)


async def test_what_is_left_after_a_gap_is_for_a_person_to_say(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    str(made.SOPInstanceUID)
    async with treatments(tmp_path) as t:
        gap = [Part(1), Part(2, 0, 20, termination="MACHINE")]
        late = [Part(2, 30, 50, "CONTINUATION", "MACHINE")]
        await t.take(made, record(made, 1, gap), record(made, 1, late))
        session, card, ledger, stored = await parts(t, made)
        with pytest.raises(Unclear, match="beam 2 has gaps"):
            instruction(session, card, ledger, stored, WHEN)


def test_a_work_item_is_found_by_machine_time_and_kind_of_work() -> None:
    stored = Object("1.2.840.10008.5.1.4.1.1.481.5", "1.2.3", "1.2", "1.2.1", "ISOGATE")
    made = work_item(replace(MADE, label="PROSTATE"), [stored], WHEN)
    (station,) = values(made, tag("ScheduledStationNameCodeSequence"))
    (work,) = values(made, tag("ScheduledWorkitemCodeSequence"))
    assert text(station, tag("CodeValue")) == "LINAC1"
    assert text(work, tag("CodeValue")) == "121726"
    assert text(made, tag("ScheduledProcedureStepStartDateTime")) == "20250612093000"
    assert text(made, tag("ProcedureStepLabel")) == "PROSTATE, fraction 1"
    (given,) = values(made, tag("InputInformationSequence"))
    (retrieval,) = values(given, tag("DICOMRetrievalSequence"))
    assert text(retrieval, tag("RetrieveAETitle")) == "ISOGATE"


@given(st.text(max_size=20))
def test_a_uid_that_is_made_of_words_is_one(words: str) -> None:
    uid = uid_of("session", words)
    assert len(uid) <= 64
    assert uid == uid_of("session", words)
    assert all(each == "0" or not each.startswith("0") for each in uid.split("."))


def test_a_day_is_as_long_as_its_sessions() -> None:
    slots = [
        Slot("a", "L2", Instant(8 * HOUR), Instant(9 * HOUR), "scheduled", ""),
        Slot("b", "L1", Instant(21 * HOUR), Instant(22 * HOUR), "completed", ""),
    ]
    drawn = lanes(slots, 0, 10 * HOUR)
    assert [each.machine for each in drawn.rows] == ["L1", "L2"]
    assert drawn.ticks[0].hour == "07"
    assert drawn.ticks[-1].hour == "22"
    assert drawn.now is not None
    assert all(0 <= each.x <= drawn.width for each in drawn.bars)
    assert lanes([], 0, 30 * HOUR).now is None


def test_a_machine_that_nobody_declared_is_observed() -> None:
    options = TpsOptions.model_validate({"machines": {"LINAC1": {"level": "enforced"}}})
    assert options.level("LINAC1") is Level.ENFORCED
    assert options.level("LINAC7") is Level.OBSERVED


async def test_a_person_ends_what_a_machine_without_work_items_left(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, str(made.SOPInstanceUID))
        desk = t.context.neighbours(SessionDesk)
        with pytest.raises(Refusal, match="not being treated"):
            await desk.end(OWNER, session.id, "too early")
        await t.take(record(made, 1, [Part(1)]))
        assert "End the session" in await t.page(f"/sessions/{session.id}?lang=en")
        answer = await t.http.post(f"/sessions/{session.id}/end", data={"reason": "a cooling leak"})
        assert answer.status_code == 200
        ended = await t.book.session(session.id)
        assert ended is not None
        assert (ended.state, ended.why) == (SessionState.DISCONTINUED, "a cooling leak")
        assert (await scheduled(t, str(made.SOPInstanceUID))).fraction == 1


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2025-02-30", "yesterday"])
async def test_a_day_that_has_no_days_around_it_is_today(tmp_path: Path, day: str) -> None:
    async with treatments(tmp_path) as t:
        assert "2025-06-12" in await t.page(f"/sessions?lang=en&day={day}")
        answer = await t.http.get(f"/api/v1/sessions?day={day}")
        assert (answer.status_code, answer.json()) == (200, {"sessions": []})


async def test_what_can_not_be_offered_says_why_once(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    uid = str(made.SOPInstanceUID)
    options = TpsOptions.model_validate({"machines": {"LINAC1": {"level": "enforced"}}})
    async with treatments(tmp_path, options) as t:
        await t.take(made)
        shown = await t.shown(uid, BlockKind.IDENTITY)
        await t.desk.override(CHEN, uid, shown, "identified by two nurses")
        (noted,) = await t.book.notes(uid)
        lan = somebody("lan", Permission.READ_PLANS, Permission.OVERRIDE_BLOCKS)
        await t.desk.confirm(lan, uid, noted.seq)
        session = await scheduled(t, uid, "2025-06-12T10:00")
        offers = t.context.neighbours(Offers)
        await offers.turn()
        await offers.turn()
        steps = await t.book.session_steps(session.id)
        assert [each.step for each in steps] == [Step.SCHEDULE, Step.WITHHOLD]
        page = await t.page(f"/sessions/{session.id}?lang=en")
        assert "not offered: no title of the DICOM node serves work items (ups)" in unescape(page)
        assert "is-withheld" in await t.page("/sessions?lang=en&day=2025-06-12")


ALWAYS = (
    *("BeamTaskType", "TreatmentDeliveryType", "CurrentFractionNumber", "ReferencedBeamNumber"),
    *("BeamOrderIndex", "AutosequenceFlag"),
)
EMPTY = (
    *("TableTopVerticalAdjustedPosition", "TableTopLongitudinalAdjustedPosition"),
    *("TableTopLateralAdjustedPosition", "PatientSupportAdjustedAngle"),
    *("TableTopEccentricAdjustedAngle", "TableTopPitchAdjustedAngle"),
    *("TableTopRollAdjustedAngle", "TableTopVerticalSetupDisplacement"),
    *("TableTopLongitudinalSetupDisplacement", "TableTopLateralSetupDisplacement"),
)
REST = ("PrimaryDosimeterUnit", "ContinuationStartMeterset", "ContinuationEndMeterset")
"""Of an item of the Beam Task Sequence (PS3.3 table C.8.8.29-1): with a value, with or without one,
and with a value in a continuation alone. dciodvfy does not know this class."""


async def test_every_beam_task_has_what_the_table_asks_for(tmp_path: Path) -> None:
    made = approved(plan(ARC, COURSE))
    str(made.SOPInstanceUID)
    begun = record(made, 1, [Part(1, 0, 40, termination="MACHINE")])
    async with treatments(tmp_path) as t:
        await t.take(made, begun)
        session, card, ledger, stored = await parts(t, made)
        tasks = values(instruction(session, card, ledger, stored, WHEN), tag("BeamTaskSequence"))
        kinds = [text(each, tag("TreatmentDeliveryType")) for each in tasks]
        assert kinds == ["CONTINUATION", "TREATMENT"]
        for kind, each in zip(kinds, tasks, strict=True):
            assert text(each, tag("BeamTaskType")) in {"TREAT", "VERIFY", "VERIFY_AND_TREAT"}
            assert [name for name in ALWAYS if not values(each, tag(name))] == []
            assert [name for name in EMPTY if tag(name) not in each] == []
            assert all(bool(values(each, tag(n))) is (kind == "CONTINUATION") for n in REST)


async def test_a_session_that_nobody_began_is_late_when_its_own_time_is_over(
    tmp_path: Path,
) -> None:
    made = approved(plan(ARC, COURSE))
    async with treatments(tmp_path) as t:
        await t.take(made)
        session = await scheduled(t, str(made.SOPInstanceUID), "2025-06-12T10:00")
        page = "/sessions?lang=en"
        t.clock.advance((session.at - t.clock.now()) / 1_000_000 + 14 * 60)
        assert "min late" not in await t.page(page)
        t.clock.advance(60)
        shown = await t.page(page)
        assert "15 min late" in shown
        assert " is-late" in shown
