"""Beam-on signals: told to the session that is surely meant, to none where there is a choice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gateway import Coding, DeviceEvent, Instant, Kind, Source, Value, content_digest
from gateway.driver import DeviceEntry, DeviceOptions, LinkEntry, LinkOptions
from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    Identifier,
    PatientStatement,
)
from gateway.profile import Profile
from gateway.projection import Projection
from gateway.room import OWNER
from gateway.schedule import ScheduleBook, ScheduleDesk
from simulators.rt import STATIC, Course, Part, approved, plan, record
from tests.unit.tps.test_plan_departments import AGENDA
from tests.unit.tps.treatment_case import NOW, Treatments, treatments
from tps_bridge.options import TpsOptions
from tps_bridge.session import Session, SessionState, Step
from tps_bridge.session.beam import KINDS, Beams, BeamTables, tables_for
from tps_bridge.session.desk import SessionDesk

MACHINE, DEVICE = "LINAC1", "room-1"
OPTIONS = TpsOptions.model_validate({"machines": {MACHINE: {"level": "gated", "beam": DEVICE}}})
OURS = Course(points=2, pairs=4, fractions=3)
OTHER = replace(OURS, patient="RT-2", label="OTHER")


@dataclass(frozen=True, slots=True)
class Bunker:
    """A room with a machine whose only word is that its beam is on."""

    t: Treatments
    beams: Beams

    async def on(self, number: int, state: str = "on", device: str = DEVICE) -> None:
        at = self.t.clock.now()
        await self.t.ports.publish((replace(signal(number, state, device), received_at=at),))
        await self.beams.turn()

    async def visit(self, key: str, status: AppointmentStatus, patient: str = OURS.patient) -> str:
        """An appointment as it stands; its id."""
        own = PatientStatement(identifiers=(Identifier(patient, OURS.issuer),))
        desk = self.t.context.neighbours(ScheduleDesk)
        start = Instant(NOW + 3_600_000_000)
        said = AppointmentStatement(
            book="", start=start, day="2025-06-12", status=status, patient=own
        )
        return await desk.book(OWNER, said, key)

    async def scheduled(self, course: Course, appointment: str = "") -> Session:
        made = approved(plan(STATIC, course))
        await self.t.take(made)
        desk = self.t.context.neighbours(SessionDesk)
        uid, at = str(made.SOPInstanceUID), desk.moment("2025-06-12T10:00")
        return await desk.schedule(OWNER, uid, 1, at, appointment=appointment)

    async def now(self, session: Session) -> Session:
        found = await self.t.book.session(session.id)
        assert found is not None
        return found

    async def steps(self, session: Session) -> list[Step]:
        return [each.step for each in await self.t.book.session_steps(session.id)]


def signal(number: int, state: str, device: str) -> DeviceEvent:
    return DeviceEvent(
        id=content_digest(b"signal", str(number).encode(), device.encode()),
        site="site",
        source=Source(device, "modbus"),
        kind=Kind.STATE,
        code=Coding("urn:isogate:point", "beam_on"),
        value=Value(state),
        unit="",
        received_at=NOW,
        observed_at=NOW,
    )


@asynccontextmanager
async def bunker(path: Path) -> AsyncIterator[Bunker]:
    async with treatments(path, OPTIONS, AGENDA) as t:
        tables: type[BeamTables] = tables_for(OPTIONS, NOW)
        file = path / "store" / "beams.sqlite"
        async with Projection.opened(file, t.context.ring, tables, KINDS) as signals:
            t.ports.fed += [t.context.neighbours(ScheduleBook), signals]
            yield Bunker(t, Beams(t.context, t.book, signals, {DEVICE: MACHINE}))


async def test_a_beam_begins_the_session_whose_appointment_somebody_started(
    tmp_path: Path,
) -> None:
    async with bunker(tmp_path) as it:
        started = await it.visit("a", AppointmentStatus.STARTED)
        waits = await it.visit("b", AppointmentStatus.ARRIVED, OTHER.patient)
        session = await it.scheduled(OURS, started)
        other = await it.scheduled(OTHER, waits)
        await it.on(1)
        begun = await it.now(session)
        assert (begun.state, begun.performer) == (SessionState.IN_PROGRESS, f"device:{DEVICE}")
        assert await it.now(other) == other
        await it.on(2, "off")
        await it.on(3)
        await it.beams.turn()
        assert await it.steps(session) == [Step.SCHEDULE, Step.BEGIN, Step.BEAM, Step.BEAM]
        said = [each.code.code for each in it.t.ports.events if each.caused_by]
        assert said.count("session.began") == 1


async def test_where_there_is_a_choice_nothing_moves_and_the_day_says_so(tmp_path: Path) -> None:
    async with bunker(tmp_path) as it:
        both = [
            await it.visit(course.label, AppointmentStatus.STARTED, course.patient)
            for course in (OURS, OTHER)
        ]
        one = await it.scheduled(OURS, both[0])
        two = await it.scheduled(OTHER, both[1])
        await it.on(1)
        assert (await it.now(one), await it.now(two)) == (one, two)
        day = await it.t.page("/sessions?lang=en&day=2025-06-12")
        assert "LINAC1: the beam came on 1 time without a session." in day


async def test_a_beam_in_progress_is_a_step_of_its_session(tmp_path: Path) -> None:
    async with bunker(tmp_path) as it:
        session = await it.scheduled(OURS)
        await it.on(1)
        assert (await it.now(session)).state is SessionState.SCHEDULED
        made = plan(STATIC, OURS)
        made.SOPInstanceUID = session.plan
        at = datetime(2025, 6, 12, 8)  # noqa: DTZ001 - as DICOM writes it
        await it.t.take(record(made, 1, [Part(1)], at=at))
        await it.on(2)
        assert (await it.steps(session)).count(Step.BEAM) == 1


async def test_what_was_left_in_progress_yesterday_is_nobody_elses_beam(tmp_path: Path) -> None:
    part = [Part(1, 0, 40, termination="MACHINE")]
    async with bunker(tmp_path) as it:
        left = await it.scheduled(OURS)
        made = plan(STATIC, OURS)
        made.SOPInstanceUID = left.plan
        at = datetime(2025, 6, 12, 8)  # noqa: DTZ001 - as DICOM writes it
        await it.t.take(record(made, 1, part, at=at))
        assert (await it.now(left)).state is SessionState.IN_PROGRESS
        it.t.clock.advance(24 * 3600)
        started = await it.visit("b", AppointmentStatus.STARTED, OTHER.patient)
        other = await it.scheduled(OTHER, started)
        await it.on(1)
        assert (await it.now(other)).state is SessionState.IN_PROGRESS
        assert Step.BEAM not in await it.steps(left)
        overdue = await it.t.context.neighbours(SessionDesk).overdue(OWNER)
        assert [each.id for each in overdue] == [left.id]


async def test_what_was_scheduled_or_started_after_the_beam_is_not_begun_by_it(
    tmp_path: Path,
) -> None:
    """A signal that is told late, because the store refused or the room was closed."""
    async with bunker(tmp_path) as it:
        before = await it.visit("a", AppointmentStatus.ARRIVED)
        first = await it.scheduled(OURS, before)
        await it.t.ports.publish((signal(1, "on", DEVICE),))
        it.t.clock.advance(300)
        await it.t.context.neighbours(ScheduleDesk).move(
            OWNER, before, AppointmentStatus.STARTED, ""
        )
        await it.beams.turn()
        assert await it.now(first) == first
        await it.on(2)
        assert (await it.now(first)).state is SessionState.IN_PROGRESS
        late = replace(signal(3, "on", DEVICE), received_at=Instant(NOW + 1))
        await it.t.ports.publish((late,))
        await it.beams.turn()
        assert (await it.steps(first)).count(Step.BEAM) == 1, "it came before the session began"
        day = await it.t.page("/sessions?lang=en&day=2025-06-12")
        assert "LINAC1: the beam came on 2 times without a session." in day


async def test_a_session_is_not_begun_by_the_visit_of_another_patient(tmp_path: Path) -> None:
    async with bunker(tmp_path) as it:
        visit = await it.visit("a", AppointmentStatus.STARTED)
        session = await it.scheduled(OURS, visit)
        theirs = Identifier(OTHER.patient, OTHER.issuer)
        schedule = it.t.context.neighbours(ScheduleDesk)
        await it.t.registered(OTHER)
        await schedule.assign(OWNER, visit, theirs, "booked for the wrong one")
        await it.on(1)
        assert await it.now(session) == session


async def test_a_session_hangs_on_an_open_appointment_of_its_own_patient(tmp_path: Path) -> None:
    async with bunker(tmp_path) as it:
        theirs = await it.visit("a", AppointmentStatus.STARTED, OTHER.patient)
        over = await it.visit("b", AppointmentStatus.CANCELLED)
        made = approved(plan(STATIC, OURS))
        await it.t.take(made)
        body = {"plan": str(made.SOPInstanceUID), "group": 1, "at": "2025-06-12T10:00"}
        for visit, status in ((theirs, 409), (over, 409), ("nonsense", 404)):
            answer = await it.t.http.post("/api/v1/sessions", json={**body, "appointment": visit})
            assert answer.status_code == status
        assert await it.t.book.open_sessions() == []


async def test_other_devices_and_other_words_mean_nothing(tmp_path: Path) -> None:
    async with bunker(tmp_path) as it:
        await it.scheduled(OURS, await it.visit("a", AppointmentStatus.STARTED))
        before = len(it.t.ports.events)
        await it.on(1, device="room-2")
        await it.on(2, state="unknown")
        assert len(it.t.ports.events) == before + 2


def test_a_beam_of_an_unknown_device_or_of_two_machines_is_a_mistake() -> None:
    machines = {"A": {"beam": "nobody"}, "B": {"beam": "room-1"}, "C": {"beam": "room-1"}, "D": {}}
    said = {"profile": "contact", "driver": "modbus", "title": {"en": "Contact"}, "points": {}}
    profile = Profile.model_validate({**said, "grade": "derived", "source": "for the test"})
    device = DeviceEntry("room-1", "Room 1", "bus", profile, DeviceOptions(), 1.0)
    link = LinkEntry("bus", "modbus", LinkOptions(), None, (device,))
    found = TpsOptions.model_validate({"machines": machines}).faults([link])
    assert [(each.trail[1], each.message) for each in found] == [
        ("A", "no device has the id nobody"),
        ("C", "room-1 says already when B has its beam on"),
    ]
