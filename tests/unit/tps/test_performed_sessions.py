"""Sessions of machines that say by MPPS what they do: tied by the appointment alone."""

from __future__ import annotations

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
from simulators.rt import ARC, Course, approved, plan
from tests.unit.tps.test_plan_departments import AGENDA
from tests.unit.tps.treatment_case import NOW, Treatments, treatments
from tps_bridge.options import TpsOptions
from tps_bridge.session import Session, SessionState
from tps_bridge.session.desk import SessionDesk

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


async def scheduled(t: Treatments) -> Session:
    t.ports.fed.append(t.context.neighbours(ScheduleBook))
    made = approved(plan(ARC, COURSE))
    await t.take(made)
    own = PatientStatement(identifiers=(Identifier(COURSE.patient, COURSE.issuer),))
    said = AppointmentStatement(book="", start=NOW, patient=own)
    visit = await t.context.neighbours(ScheduleDesk).book(OWNER, said, "a")
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
