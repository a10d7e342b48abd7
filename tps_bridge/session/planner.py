"""Makes sessions of today's appointments, where the site says so and there is no choice to make."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import date

from gateway.model import AppointmentStatus
from gateway.room import Agenda, Appointment, RoomContext, steadily
from gateway.web import Refusal
from tps_bridge.book import Book, PlanRow
from tps_bridge.book.standing import is_active
from tps_bridge.ledger import FindingKind
from tps_bridge.options import TpsOptions
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.offer import TPS
from tps_bridge.session.session import Level, Session, SessionState, Step
from tps_bridge.session.visit import Visits

log = logging.getLogger(__name__)

_TURN = 5.0


@dataclass(slots=True)
class Planner:
    """A person with one plan for the appointment's machine gets a session of its next fraction.

    Of several plans, or none, nobody guesses: a person schedules. So it is where the record of
    today was here before there was a session. An appointment that is moved or called off, or turns
    out to be another patient's, takes its session along until that begins. What a person called
    off is made anew only when the appointment has changed.
    """

    context: RoomContext
    book: Book
    desk: SessionDesk
    options: TpsOptions
    _looked: tuple[date, int, int] | None = field(default=None, init=False)
    """The day of the last turn, and how far schedule and book were when it began."""

    async def run(self) -> None:
        """Look every few seconds until cancelled; a store that can't be read is tried again."""
        await steadily(
            self.turn,
            lambda: asyncio.sleep(_TURN),
            lambda error: log.warning("Sessions can't be made of the schedule: %s", error),
        )

    async def turn(self) -> None:
        """Look at today's appointments of every machine that the schedule knows, if any moved."""
        try:
            agenda = self.context.neighbours(Agenda)
        except LookupError:
            return
        today = self.desk.local(self.context.clock.now()).date()
        now = today, agenda.revision, self.book.revision
        if now == self._looked:
            return
        await self.book.reached(self.context.ports.last_seq)
        await self._keep(agenda)
        booked = [each for each in await agenda.day(today) if each.start is not None]
        for machine, known in self.options.machines.items():
            for appointment in booked:
                if known.resource and appointment.resource == known.resource:
                    try:
                        await self._tend(machine, appointment)
                    except Refusal as refusal:
                        log.info("No session of appointment %s: %s", appointment.id, refusal.title)
        self._looked = now

    async def _keep(self, agenda: Agenda) -> None:
        """What is to be treated goes with its appointment, to whatever day that was moved."""
        for session in await self.book.open_sessions():
            if session.state is SessionState.SCHEDULED and session.appointment:
                appointment = await agenda.appointment(session.appointment)
                if appointment is not None:
                    try:
                        await self._keep_with(session, appointment)
                    except Refusal as refusal:
                        log.info("Session %s stays as it is: %s", session.id, refusal.title)

    async def _tend(self, machine: str, appointment: Appointment) -> None:
        if appointment.start is None or not appointment.status.is_open:
            return
        if await self._is_free(machine, appointment):
            found = await self._plans(machine, appointment)
            today = f"{self.desk.today():%Y%m%d}"
            if len(found) == 1 and not await self.book.is_alone(found[0][0].card.uid, today):
                row, group = found[0]
                await self.desk.schedule(
                    TPS, row.card.uid, group, appointment.start, appointment=appointment.id
                )

    async def _is_free(self, machine: str, appointment: Appointment) -> bool:
        """Whether a session may be made of it: there was none, or nobody else called that off.

        What somebody else called off waits for a person, until the appointment is another one.
        """
        before = await self.book.sessions_of(appointment.id)
        if any(each.state is not SessionState.CANCELLED for each in before):
            return False
        ends = [
            (step.seq, step.who, each)
            for each in before
            for step in await self.book.session_steps(each.id)
            if step.state is SessionState.CANCELLED and step.step is Step.CANCEL
        ]
        if not ends:
            return not before
        _, who, last = max(ends, key=lambda each: each[0])
        return who == TPS.id or await self._is_another(last, machine, appointment)

    async def _is_another(self, session: Session, machine: str, appointment: Appointment) -> bool:
        """Whether an appointment is at another time, machine or of another patient than this."""
        same = (session.at, session.machine) == (appointment.start, machine)
        return not same or await self.visits.is_of_another(appointment, session.identity)

    @property
    def visits(self) -> Visits:
        return Visits(self.context)

    async def _keep_with(self, session: Session, appointment: Appointment) -> None:
        if await self.visits.is_of_another(appointment, session.identity):
            await self.desk.cancel(TPS, session.id, "the appointment is another patient's")
            return
        if self._record_may_come(session, appointment):
            return
        if not appointment.status.is_open:
            await self.desk.cancel(TPS, session.id, f"the appointment is {appointment.status}")
        elif appointment.start != session.at or self._is_elsewhere(session, appointment):
            await self.desk.cancel(TPS, session.id, "the appointment was moved")
        elif not await self._is_next(session):
            await self.desk.cancel(TPS, session.id, "another fraction comes next since")

    def _is_elsewhere(self, session: Session, appointment: Appointment) -> bool:
        """Whether the appointment is at another machine now."""
        known = self.options.machines.get(session.machine)
        own = known.resource if known else ""
        return bool(own and appointment.resource) and own != appointment.resource

    def _record_may_come(self, session: Session, appointment: Appointment) -> bool:
        """Where a machine only tells afterwards, an appointment that is over calls nothing off."""
        over = appointment.status is AppointmentStatus.COMPLETED
        return over and self.desk.level(session) is not Level.ENFORCED

    async def _is_next(self, session: Session) -> bool:
        """Whether its fraction is still the plan's next: records of earlier ones may come late."""
        row = await self.book.plan(session.plan)
        if row is None:
            return False
        if await self._unread(row.card.identity.patient, row.card.identity.issuer):
            return True
        ledger = await self.book.ledger(row.card, session.group)
        return ledger is not None and ledger.next in {session.fraction, None}

    async def _unread(self, patient: str, issuer: str) -> bool:
        """Whether records of theirs are here and were not read: how far they are, nobody knows."""
        found = await self.book.adrift(patient, issuer)
        return any(each.kind is FindingKind.WAITING for each in found)

    async def _plans(self, machine: str, appointment: Appointment) -> list[tuple[PlanRow, int]]:
        """Plans of the patient for the machine with a fraction left, each with its group.

        None while a record of theirs was not read.
        """
        if appointment.key is None or await self._unread(*appointment.key):
            return []
        found: list[tuple[PlanRow, int]] = []
        for row in await self.book.of_patient(*appointment.key):
            if row.card.machines != (machine,):
                continue
            if not is_active(row.card, await self.book.notes(row.card.uid)):
                continue
            groups = await self.book.groups(row.card)
            found += [
                (row, group.number)
                for group, ledger in groups
                if ledger.next not in {None, *(each.number for each in ledger.passed_over)}
            ]
        return found
