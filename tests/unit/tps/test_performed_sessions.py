"""Sessions of machines that say by MPPS what they do: tied by the appointment alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dicom.dimse import Parties
from dicom.mpps.events import Came, changed_event, created_event
from dicom.mpps.link import How, Link
from dicom.mpps.said import Said, State
from gateway import DeviceEvent, Kind, RawId
from gateway.model import AppointmentStatement, Identifier, PatientStatement
from gateway.room import OWNER
from gateway.schedule import ScheduleBook, ScheduleDesk
from queue_display.options import SignalOptions, SignalVerb
from queue_display.signals import matches
from simulators.rt import ARC, Course, Part, approved, plan, record
from tests.unit.tps.test_plan_departments import AGENDA
from tests.unit.tps.test_uncounted import LI, ZHAO
from tests.unit.tps.treatment_case import NOW, Treatments, treatments
from tps_bridge.book import Reading
from tps_bridge.options import TpsOptions
from tps_bridge.record_desk import Established, RecordDesk
from tps_bridge.session import Session, SessionState
from tps_bridge.session.desk import SessionDesk

MORNING = datetime(2025, 6, 12, 9, 0)  # noqa: DTZ001 - DICOM times have no zone
COURSE = Course(points=3, pairs=4, fractions=3)
OPTIONS = TpsOptions.model_validate({"machines": {"LINAC1": {"level": "gated", "titles": ["L1"]}}})
RULE = SignalOptions(
    kind=Kind.ACTION,
    queue="linac-1",
    proposes=SignalVerb.START,
    code="session.began",
    where={"machine": "LINAC1"},
)
OTHERS = RULE.model_copy(update={"where": {"machine": "LINAC2"}})
"""Queues follow sessions by rules of the site."""


def came(by: str) -> Came:
    return Came("site", "linac-1", Parties(by, "ISOGATE", "10.0.0.1"), NOW, RawId(1))


def begun(
    uid: str, visit: str, by: str = "L1", how: How = How.LINKED, patient: str = COURSE.patient
) -> DeviceEvent:
    tree = {"PerformedProcedureStepStatus": "IN PROGRESS", "PatientID": patient}
    link = Link(how, "1.2", "S1", "A1", visit if how is How.LINKED else "")
    return created_event(uid, Said(tree, State.IN_PROGRESS), [link], came(by))


def ended(uid: str, state: State, by: str = "L1") -> DeviceEvent:
    said = Said({"PerformedProcedureStepStatus": state.value}, state)
    return changed_event(uid, said, 1, None, came(by))


async def booked(t: Treatments, key: str, at: str = "2025-06-12T09:00") -> str:
    own = PatientStatement(identifiers=(Identifier(COURSE.patient, COURSE.issuer),))
    start = t.context.neighbours(SessionDesk).moment(at)
    said = AppointmentStatement(book="", start=start, patient=own)
    return await t.context.neighbours(ScheduleDesk).book(OWNER, said, key)


async def scheduled(t: Treatments) -> Session:
    t.ports.fed.append(t.context.neighbours(ScheduleBook))
    made = approved(plan(ARC, COURSE))
    await t.take(made)
    visit = await booked(t, "a")
    desk = t.context.neighbours(SessionDesk)
    uid, at = str(made.SOPInstanceUID), desk.moment("2025-06-12T10:00")
    return await desk.schedule(OWNER, uid, 1, at, appointment=visit)


async def after(t: Treatments, session: Session, *events: DeviceEvent) -> Session:
    await t.ports.publish(events)
    found = await t.book.session(session.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("state", "then"),
    [
        (State.COMPLETED, SessionState.COMPLETED),
        (State.DISCONTINUED, SessionState.DISCONTINUED),
    ],
)
async def test_a_performed_step_moves_the_session_of_its_appointment(
    tmp_path: Path, state: State, then: SessionState
) -> None:
    async with treatments(tmp_path, OPTIONS, AGENDA) as t:
        session = await scheduled(t)
        first = await after(t, session, begun("1.5", session.appointment))
        assert (first.state, first.performer) == (SessionState.IN_PROGRESS, "ae:L1")
        assert (await after(t, session, ended("1.6", state))).state is SessionState.IN_PROGRESS
        assert (await after(t, session, ended("1.5", state))).state is then
        said = [each.code.code for each in t.ports.events if each.code.code.startswith("session.")]
        assert said == ["session.schedule", "session.began", f"session.{then}"]
        (began,) = [each for each in t.ports.events if each.code.code == "session.began"]
        assert [matches(rule, began) for rule in (RULE, OTHERS)] == [True, False]


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the other way round"])
async def test_late_records_of_two_sessions_of_a_fraction_go_to_each_of_them(
    tmp_path: Path,
    turned: bool,  # noqa: FBT001
) -> None:
    async with treatments(tmp_path, OPTIONS, AGENDA) as t:
        first = await scheduled(t)
        desk = t.context.neighbours(SessionDesk)
        await after(t, first, begun("1.5", first.appointment))
        await after(t, first, ended("1.5", State.DISCONTINUED))
        visit = await booked(t, "b", "2025-06-12T14:00")
        at = desk.moment("2025-06-12T14:00")
        second = await desk.schedule(OWNER, first.plan, 1, at, appointment=visit)
        await after(t, second, begun("1.6", visit))
        await after(t, second, ended("1.6", State.COMPLETED))
        made = approved(plan(ARC, COURSE))
        made.SOPInstanceUID = first.plan
        both = [
            record(made, 1, [Part(1), Part(2, 0, 40, termination="MACHINE")], at=MORNING),
            record(made, 1, [Part(2, 40, None, "CONTINUATION")], at=MORNING + timedelta(hours=2)),
        ]
        for each in reversed(both) if turned else both:
            await t.take(each)
        for session in (first, second):
            assert len(await t.book.session_records(session.id)) == 1
        assert await t.book.untold(first.plan) == []


async def test_what_two_people_said_of_its_record_explains_how_a_session_ended(
    tmp_path: Path,
) -> None:
    async with treatments(tmp_path, OPTIONS, AGENDA) as t:
        session = await scheduled(t)
        await after(t, session, begun("1.5", session.appointment))
        await after(t, session, ended("1.5", State.COMPLETED))
        made = approved(plan(ARC, COURSE))
        made.SOPInstanceUID = session.plan
        given = record(made, 1, [Part(1), Part(2)], at=MORNING)
        for beam in given.TreatmentSessionBeamSequence:
            del beam.CurrentFractionNumber
        await t.take(given)
        assert len(await t.book.untold(session.plan)) == 1
        said = Established(1, 1, (Reading(1, 0, 100), Reading(2, 0, 40)), normal=False)
        desk = RecordDesk(t.book, t.desk)
        await desk.correct(LI, session.plan, str(given.SOPInstanceUID), said, "read at the machine")
        await t.desk.confirm(ZHAO, session.plan, (await t.book.notes(session.plan))[-1].seq)
        assert await t.book.untold(session.plan) == []


@pytest.mark.parametrize(
    "said",
    [
        {"how": How.UNSCHEDULED},
        {"how": How.CONFLICT},
        {"visit": "ffff"},
        {"by": "L2"},
        {"patient": "RT-2"},
        {"patient": ""},
    ],
    ids=[
        "names no step",
        "contradicts the schedule",
        "another appointment",
        "another machine",
        "another patient",
        "names nobody",
    ],
)
async def test_what_is_not_surely_this_session_moves_nothing(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    async with treatments(tmp_path, OPTIONS, AGENDA) as t:
        session = await scheduled(t)
        event = begun("1.5", **{"visit": session.appointment} | said)
        assert await after(t, session, event, ended("1.5", State.COMPLETED)) == session
