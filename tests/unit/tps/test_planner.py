"""Sessions of the schedule: one for each appointment that leaves no choice, and moved with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    Identifier,
    Instant,
    PatientStatement,
    ResourceKind,
    ResourceUse,
    from_datetime,
)
from gateway.room import OWNER, Agenda
from gateway.schedule.book import ScheduleBook
from gateway.schedule.desk import ScheduleDesk
from gateway.schedule.options import ScheduleOptions
from gateway.testing import ManualClock
from simulators.rt import ARC, Course, Part, approved, plan, record
from tests.unit.tps.offer_case import Desk
from tests.unit.tps.treatment_case import Treatments, treatments
from tps_bridge.options import TpsOptions
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.planner import Planner
from tps_bridge.session.session import Level, SessionState

COURSE = Course(points=2, pairs=4, fractions=3)
AGENDA = ScheduleOptions.model_validate({"resources": {"la1": {"name": "LA1"}}})
OPTIONS = TpsOptions.model_validate(
    {"machines": {"LINAC1": {"resource": "la1"}, "LINAC2": {}}, "from_schedule": True}
)
TODAY = datetime(2025, 6, 12, 9)  # noqa: DTZ001 - as DICOM writes it


def at(hour: int) -> Instant:
    """An hour of the day of the case, UTC."""
    return from_datetime(datetime(2025, 6, 12, hour, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Plans:
    """The room with a schedule, and its planner."""

    t: Treatments
    desk: ScheduleDesk
    planner: Planner

    async def book(self, hour: int, key: str, *, patient: str = COURSE.patient) -> str:
        own = Identifier(patient, COURSE.issuer)
        said = AppointmentStatement(
            book="HIS",
            start=at(hour),
            resources=(ResourceUse(ResourceKind.EQUIPMENT, "la1"),),
            patient=PatientStatement(identifiers=(own,)),
        )
        return await self.desk.book(OWNER, said, key)

    async def states(self, appointment: str) -> list[tuple[SessionState, int]]:
        found = await self.t.book.sessions_of(appointment)
        return [(each.state, each.at) for each in found]


@asynccontextmanager
async def planning(data: Path, options: TpsOptions) -> AsyncIterator[Plans]:
    async with treatments(data, options, AGENDA) as t:
        t.ports.fed.append(t.context.neighbours(ScheduleBook))
        sessions = t.context.neighbours(SessionDesk)
        planner = Planner(t.context, t.book, sessions, options)
        yield Plans(t, t.context.neighbours(ScheduleDesk), planner)


@pytest.fixture
async def plans(tmp_path: Path) -> AsyncIterator[Plans]:
    async with planning(tmp_path, OPTIONS) as plans:
        yield plans


async def test_an_appointment_gets_one_session_and_takes_it_along(plans: Plans) -> None:
    await plans.t.take(approved(plan(ARC, COURSE)))
    id_ = await plans.book(2, "A")
    await plans.planner.turn()
    await plans.planner.turn()
    assert await plans.states(id_) == [(SessionState.SCHEDULED, at(2))]
    moved = AppointmentStatement(book="HIS", start=at(3))
    await plans.desk.change(OWNER, id_, moved, "the machine is late")
    for _ in range(3):
        await plans.planner.turn()
    assert sorted(await plans.states(id_)) == [
        (SessionState.CANCELLED, at(2)),
        (SessionState.SCHEDULED, at(3)),
    ]
    await plans.desk.move(OWNER, id_, AppointmentStatus.CANCELLED, "not today")
    await plans.planner.turn()
    assert {state for state, _ in await plans.states(id_)} == {SessionState.CANCELLED}


async def test_what_is_moved_to_another_day_takes_its_session_off_this_one(plans: Plans) -> None:
    await plans.t.take(approved(plan(ARC, COURSE)))
    id_ = await plans.book(2, "A")
    await plans.planner.turn()
    tomorrow = AppointmentStatement(book="HIS", start=Instant(at(2) + 86_400_000_000))
    await plans.desk.change(OWNER, id_, tomorrow, "the machine is late")
    await plans.planner.turn()
    assert await plans.states(id_) == [(SessionState.CANCELLED, at(2))]


async def test_a_fraction_that_was_passed_over_is_no_plan_left_to_choose(plans: Plans) -> None:
    made = approved(plan(ARC, COURSE))
    days = [TODAY.replace(day=day) for day in (9, 11)]
    given = [record(made, 1 + 2 * n, [Part(1), Part(2)], at=day) for n, day in enumerate(days)]
    await plans.t.take(made, *given)
    id_ = await plans.book(2, "A")
    await plans.planner.turn()
    assert await plans.states(id_) == []


@pytest.mark.parametrize("level", list(Level))
async def test_an_appointment_that_is_over_leaves_a_session_to_its_record(
    tmp_path: Path, level: Level
) -> None:
    machines = {"LINAC1": {"resource": "la1", "level": level.value}}
    options = TpsOptions.model_validate({"machines": machines, "from_schedule": True})
    made = approved(plan(ARC, COURSE))
    async with planning(tmp_path, options) as plans:
        await plans.t.take(made)
        id_ = await plans.book(2, "A")
        await plans.planner.turn()
        for status in ("arrived", "started", "completed"):
            await plans.desk.move(OWNER, id_, AppointmentStatus(status), "")
            await plans.planner.turn()
        enforced = level is Level.ENFORCED
        left = SessionState.CANCELLED if enforced else SessionState.SCHEDULED
        assert await plans.states(id_) == [(left, at(2))]
        await plans.t.take(record(made, 1, [Part(1), Part(2)], at=TODAY))
        left = SessionState.CANCELLED if enforced else SessionState.COMPLETED
        assert await plans.states(id_) == [(left, at(2))]


async def test_what_was_given_before_there_was_a_session_is_not_scheduled_again(
    plans: Plans,
) -> None:
    made = approved(plan(ARC, COURSE))
    id_ = await plans.book(2, "A")
    await plans.t.take(made, record(made, 1, [Part(1), Part(2)], at=TODAY))
    await plans.planner.turn()
    assert await plans.states(id_) == []
    uid = str(made.SOPInstanceUID)
    (ledger,) = await plans.t.book.ledgers(uid)
    assert ledger.next == 2


async def test_nobody_chooses_between_two_plans_or_without_any(plans: Plans) -> None:
    id_ = await plans.book(2, "A")
    await plans.planner.turn()
    assert await plans.states(id_) == []
    one = plan(ARC, COURSE)
    await plans.t.take(approved(one), approved(plan(ARC, replace(COURSE, label="BOOST"))))
    await plans.planner.turn()
    assert await plans.states(id_) == []
    await plans.t.desk.retire(OWNER, str(one.SOPInstanceUID), "replanned")
    await plans.planner.turn()
    assert await plans.states(id_) == [(SessionState.SCHEDULED, at(2))]


async def test_a_late_record_of_the_fraction_makes_room_for_the_next(plans: Plans) -> None:
    made = approved(plan(ARC, COURSE))
    await plans.t.take(made)
    id_ = await plans.book(2, "A")
    await plans.planner.turn()
    (session,) = await plans.t.book.sessions_of(id_)
    assert session.fraction == 1
    yesterday = datetime(2025, 6, 11, 9)  # noqa: DTZ001 - as DICOM writes it
    await plans.t.take(record(made, 1, [Part(1), Part(2)], at=yesterday))
    for _ in range(3):
        await plans.planner.turn()
    found = {each.fraction: each.state for each in await plans.t.book.sessions_of(id_)}
    assert found == {1: SessionState.CANCELLED, 2: SessionState.SCHEDULED}


async def test_the_day_is_read_anew_only_when_something_moved(
    plans: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[datetime] = []
    agenda = plans.t.context.neighbours(Agenda)
    day = ScheduleBook.day

    async def counted(self: ScheduleBook, *wanted: object) -> object:
        read.append(datetime.now(UTC))
        return await day(self, *wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(type(agenda), "day", counted)
    for _ in range(3):
        await plans.planner.turn()
    assert len(read) == 1
    await plans.book(2, "A")
    for _ in range(3):
        await plans.planner.turn()
    assert len(read) == 2
    await plans.t.take(approved(plan(ARC, COURSE)))
    for _ in range(3):
        await plans.planner.turn()
    assert len(read) == 4, "once for the plan, and once for the session that was made of it"
    clock = plans.t.ports.clock
    assert isinstance(clock, ManualClock)
    clock.advance(86_400)
    for _ in range(3):
        await plans.planner.turn()
    assert len(read) == 5


async def test_what_a_person_called_off_waits_for_a_person_until_its_appointment_changes(
    plans: Plans,
) -> None:
    await plans.t.take(approved(plan(ARC, COURSE)))
    id_ = await plans.book(2, "A")
    await plans.planner.turn()
    (session,) = await plans.t.book.sessions_of(id_)
    await plans.t.context.neighbours(SessionDesk).cancel(OWNER, session.id, "ill")
    await plans.desk.move(OWNER, id_, AppointmentStatus.ARRIVED, "")
    for _ in range(3):
        await plans.planner.turn()
    assert await plans.states(id_) == [(SessionState.CANCELLED, at(2))]
    later = AppointmentStatement(book="HIS", start=at(4))
    await plans.desk.change(OWNER, id_, later, "better in the afternoon")
    await plans.planner.turn()
    assert await plans.states(id_) == [
        (SessionState.CANCELLED, at(2)),
        (SessionState.SCHEDULED, at(4)),
    ]


async def test_an_appointment_that_turns_out_to_be_another_patients_takes_its_session_along(
    plans: Plans,
) -> None:
    other = replace(COURSE, patient="RT-2", label="OTHER")
    await plans.t.take(approved(plan(ARC, COURSE)), approved(plan(ARC, other)))
    id_ = await plans.book(2, "A")
    await plans.planner.turn()
    theirs = Identifier(other.patient, other.issuer)
    await plans.t.registered(COURSE, other)
    await plans.desk.assign(OWNER, id_, theirs, "booked for the wrong one")
    await plans.planner.turn()
    found = await plans.t.book.sessions_of(id_)
    assert {each.identity.patient: each.state for each in found} == {
        COURSE.patient: SessionState.CANCELLED,
        other.patient: SessionState.SCHEDULED,
    }


async def test_an_issuer_that_the_plan_leaves_out_makes_nobody_another_patient(
    plans: Plans,
) -> None:
    made = approved(plan(ARC, COURSE))
    made.IssuerOfPatientID = ""
    await plans.t.take(made)
    id_ = await plans.book(2, "A")
    desk = plans.t.context.neighbours(SessionDesk)
    await desk.schedule(OWNER, str(made.SOPInstanceUID), 1, at(2), appointment=id_)
    await plans.planner.turn()
    assert await plans.states(id_) == [(SessionState.SCHEDULED, at(2))]


async def test_an_appointment_of_two_sessions_has_one_gate_while_one_is_blocked(
    tmp_path: Path,
) -> None:
    options = TpsOptions.model_validate({"machines": {"LINAC1": {"level": "gated"}}})
    good, bad = approved(plan(ARC, COURSE)), plan(ARC, replace(COURSE, label="BOOST"))
    async with planning(tmp_path, options) as plans:
        t = plans.t
        await t.take(good, bad)
        desk, sessions = Desk(t, options), t.context.neighbours(SessionDesk)
        id_ = await plans.book(2, "A")
        made = []
        for each in (bad, good):
            await desk.identified(str(each.SOPInstanceUID))
            uid = str(each.SOPInstanceUID)
            made.append(await sessions.schedule(OWNER, uid, 1, at(2), appointment=id_))
        agenda = t.context.neighbours(Agenda)
        await desk.offers.turn()
        said = len(t.ports.events)
        for _ in range(2):
            await desk.offers.turn()
            visit = await agenda.appointment(id_)
            assert visit is not None
            (gate,) = visit.gates
            assert str(gate.reason["en"]).startswith("the plan is not approved")
        assert len(t.ports.events) == said, "said once"
        await sessions.cancel(OWNER, made[0].id, "not today")
        await desk.offers.turn()
        visit = await agenda.appointment(id_)
        assert visit is not None
        assert visit.gates == ()
