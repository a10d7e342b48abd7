"""The queues as they stand now: tickets joined with appointments, patients, gates and ranks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.model import AppointmentStatus, Instant, PersonName
from gateway.room import Agenda, Appointment, Neighbours, Patient, PatientKey, People
from queue_display.astray import CONTESTED, Astray, astray
from queue_display.book import QueueBook
from queue_display.contested import Contested
from queue_display.options import QueueOptions, QueueRoomOptions
from queue_display.rank import Ranked, Ranking
from queue_display.seen import SeenQueues
from queue_display.tables import Proposal, Stand
from queue_display.terms import Mark, State, Words, words
from queue_display.ticket import Ticket

_MINUTE = 60_000_000
_OVER = {
    AppointmentStatus.CANCELLED: words("预约已取消", "the appointment was cancelled"),
    AppointmentStatus.COMPLETED: words("日程显示已完成", "the schedule says it is completed"),
    AppointmentStatus.NO_SHOW: words("日程显示未到", "the schedule says the patient did not come"),
    AppointmentStatus.ENTERED_IN_ERROR: words("预约为误录", "the appointment was entered in error"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A ticket with whom and what it is about. `gates` are why it may not be called.

    `ranked` is its place among those that wait. `over`: the schedule says that it is past.
    `astray` is what the appointment no longer has in common with the ticket; it is in `gates` too.
    """

    ticket: Ticket
    appointment: Appointment | None = None
    patient: Patient | None = None
    gates: tuple[Words, ...] = ()
    ranked: Ranked | None = None
    over: bool = False
    astray: tuple[Astray, ...] = ()

    @property
    def anew(self) -> bool:
        """Whether checking in anew brings the ticket to where its appointment is now."""
        return any(each.anew for each in self.astray)

    @property
    def names(self) -> Sequence[PersonName]:
        """As the site knows the patient, else as the source of the appointment sent them."""
        if self.patient is not None and self.patient.names:
            return self.patient.names
        return self.appointment.names if self.appointment is not None else ()


@dataclass(frozen=True, slots=True)
class Lane:
    """One queue. `blocked` is why nobody of it may be called now, empty where people may be.

    `waiting` is in the order of calling; `aside` are present and not waiting; `booked` are the
    appointments of the day that nobody checked in for.
    """

    id: str
    options: QueueOptions
    stand: Stand
    running: tuple[Entry, ...] = ()
    waiting: tuple[Entry, ...] = ()
    aside: tuple[Entry, ...] = ()
    ended: tuple[Entry, ...] = ()
    booked: tuple[Entry, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    blocked: tuple[Words, ...] = ()

    @property
    def next(self) -> Entry | None:
        """Whom to call: the first of those who wait and against whom no gate stands."""
        return next((each for each in self.waiting if not each.gates), None)


@dataclass(frozen=True, slots=True)
class Scene:
    """All queues at one moment."""

    now: Instant
    lanes: Mapping[str, Lane]
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def lane_of(self, ticket: Ticket) -> Lane | None:
        """The queue of a ticket; None if devices.yaml no longer has it."""
        return self.lanes.get(ticket.queue)

    def of(self, appointment: str, day: str) -> Entry | None:
        """The ticket of an appointment on a day, whatever the appointment was called before."""
        found = [
            each
            for each in self.entries.values()
            if each.ticket.day == day
            and each.appointment is not None
            and each.appointment.id == appointment
        ]
        return min(found, key=lambda each: each.ticket.state is State.BOOKED, default=None)

    def taken_off(self, entry: Entry) -> Appointment | None:
        """What the schedule says is over of the stop before, for which a later one still waits."""
        before = self.entries.get(entry.ticket.after)
        if entry.ticket.state is not State.CHECKED_IN or before is None or not before.over:
            return None
        return None if before.ticket.state.takes_room else before.appointment

    def only(self, seen: Callable[[str], bool]) -> Scene:
        """What of it is in queues that are seen."""
        return Scene(
            self.now,
            {name: lane for name, lane in self.lanes.items() if seen(name)},
            {id_: entry for id_, entry in self.entries.items() if seen(entry.ticket.queue)},
        )


class Stage:
    """Puts scenes together. Every method may raise StoreError."""

    def __init__(self, options: QueueRoomOptions, book: QueueBook, neighbours: Neighbours) -> None:
        self.options, self.book, self._neighbours = options, book, neighbours
        self.ranking = Ranking(options.policy, book.clock)
        self.seen = SeenQueues(options.queues, neighbours)
        self._contested = Contested(neighbours)

    async def scene(self, now: Instant) -> Scene:
        """How everything stands at `now`."""
        tickets = await self.book.today(now)
        stands, proposals = await self.book.stands(), await self.book.proposals(now)
        agenda = await self.agenda(now)
        appointments = await self._of_tickets(tickets, agenda)
        people = await self.people([*agenda.values(), *appointments.values()], tickets)
        contested = await self._contested.ids(now)
        entries = [
            self._entry(ticket, appointments.get(ticket.appointment), people, contested)
            for ticket in tickets
        ]
        day = self.book.local(now).date().isoformat()
        taken = {
            each.appointment.id
            for each in entries
            if each.appointment is not None and each.ticket.day == day
        }
        queues = {queue.resource: name for name, queue in self.options.queues.items()}
        booked = [
            self._entry(booked_ticket(each, queues[each.resource], day), each, people, contested)
            for each in agenda.values()
            if each.id not in taken and each.status.is_open and each.resource in queues
        ]
        lanes = {
            name: self._lane(name, [*entries, *booked], stands, proposals, now)
            for name in self.options.queues
        }
        return Scene(now, lanes, {each.ticket.id: each for each in [*entries, *booked]})

    async def agenda(self, now: Instant) -> dict[str, Appointment]:
        """Today's appointments by id; none where no schedule is kept."""
        try:
            agenda = self._neighbours(Agenda)
        except LookupError:
            return {}
        return {each.id: each for each in await agenda.day(self.book.local(now).date())}

    async def people(
        self, appointments: Iterable[Appointment], tickets: Iterable[Ticket] = ()
    ) -> Mapping[PatientKey, Patient]:
        """Who is meant, as far as they are known."""
        try:
            people = self._neighbours(People)
        except LookupError:
            return {}
        keys = {each.key for each in appointments} | {each.patient for each in tickets}
        return await people.resolve_all({key for key in keys if key is not None})

    async def _of_tickets(
        self, tickets: Iterable[Ticket], today: Mapping[str, Appointment]
    ) -> dict[str, Appointment]:
        """Each ticket's appointment, also one that was moved to another day or took another id."""
        found = dict(today)
        for ticket in tickets:
            if ticket.appointment and ticket.appointment not in found:
                try:
                    moved = await self._neighbours(Agenda).appointment(ticket.appointment)
                except LookupError:
                    return found
                if moved is not None:
                    found[ticket.appointment] = moved
        return found

    def _entry(
        self,
        ticket: Ticket,
        appointment: Appointment | None,
        people: Mapping[PatientKey, Patient],
        contested: Collection[str],
    ) -> Entry:
        key = ticket.patient or (appointment.key if appointment is not None else None)
        patient = people.get(key) if key is not None else None
        if appointment is None:
            return Entry(ticket, None, patient)
        day = self.day_of(appointment)
        changed = astray(ticket, appointment, day, self.options.queues, people)
        if appointment.id in contested:
            changed = (*changed, Astray(CONTESTED))
        past = _OVER.get(appointment.status)
        gates = [gate.reason for gate in appointment.gates] + [each.why for each in changed]
        return Entry(
            ticket,
            appointment,
            patient,
            (*gates, *([past] if past is not None else [])),
            over=past is not None,
            astray=changed,
        )

    def day_of(self, appointment: Appointment) -> str:
        """Its day at the site (ISO 8601), empty where nobody said one."""
        if appointment.start is None:
            return appointment.day
        return self.book.local(appointment.start).date().isoformat()

    def _lane(
        self,
        name: str,
        entries: Sequence[Entry],
        stands: Mapping[str, Stand],
        proposals: Sequence[Proposal],
        now: Instant,
    ) -> Lane:
        own = [each for each in entries if each.ticket.queue == name]
        by_state = {state: [e for e in own if e.ticket.state is state] for state in State}
        running = [each for each in own if each.ticket.state.takes_room]
        running.sort(key=lambda each: (each.ticket.called or 0, each.ticket.id))
        waits = [each for each in by_state[State.WAITING] if not each.over]
        over = [each for each in by_state[State.WAITING] if each.over]
        aside = [
            *by_state[State.CHECKED_IN],
            *by_state[State.HELD],
            *by_state[State.SKIPPED],
            *over,
        ]
        ended = [*by_state[State.DONE], *by_state[State.NO_SHOW]]
        stand, options = stands.get(name, Stand()), self.options.queues[name]
        booked = sorted(by_state[State.BOOKED], key=lambda each: each.ticket.start or 0)
        dirty = self._dirty_until(name, entries, stand)
        return Lane(
            name,
            options,
            stand,
            tuple(running),
            self._ranked(waits),
            tuple(aside),
            tuple(sorted(ended, key=lambda each: -each.ticket.since)),
            tuple(booked),
            tuple(each for each in proposals if each.queue == name),
            tuple(self._blocked(options, stand, running, dirty, now)),
        )

    def _ranked(self, waits: Sequence[Entry]) -> tuple[Entry, ...]:
        entries = {each.ticket.id: each for each in waits}
        return tuple(
            replace(entries[ranked.ticket.id], ranked=ranked)
            for ranked in self.ranking.ranked(each.ticket for each in waits)
        )

    def _blocked(
        self,
        options: QueueOptions,
        stand: Stand,
        running: Sequence[Entry],
        dirty: int,
        now: Instant,
    ) -> Iterable[Words]:
        if stand.stopped is not None:
            why = stand.why or "—"
            yield words(f"队列已停止：{why}", f"the queue is stopped: {why}")
        if len(running) >= options.at_once:
            count = len(running)
            yield words(
                f"已有 {count} 人被呼叫或在室内",
                f"{count} are called or inside, which is all that may be at once",
            )
        if dirty > now:
            clock = self.book.clock(Instant(dirty))
            yield words(f"正在清洁消毒，至 {clock}", f"the room is being cleaned until {clock}")

    def _dirty_until(self, name: str, entries: Sequence[Entry], stand: Stand) -> int:
        """Until when a room is cleaned after a patient with an infection left it; 0 if it is not.

        Whether the treatment was done or not, and wherever the patient is now.
        """
        left = [
            each.ticket.left[name]
            for each in entries
            if name in each.ticket.left and Mark.INFECTION in each.ticket.marks
        ]
        last = max(left, default=0)
        if not last or stand.cleaned >= last:
            return 0
        return last + round(self.options.policy.cleaning * _MINUTE)


def booked_ticket(appointment: Appointment, queue: str, day: str) -> Ticket:
    """The ticket of an appointment that nobody checked in for."""
    return Ticket(
        id=f"{appointment.id}-{day}",
        queue=queue,
        day=day,
        appointment=appointment.id,
        patient=appointment.key,
        start=appointment.start,
        minutes=appointment.minutes,
        kind=appointment.kind,
    )
