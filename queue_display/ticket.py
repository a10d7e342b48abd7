"""A ticket: one patient at one queue on one day, and what was last done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model import Instant
from gateway.room import PatientKey
from queue_display.terms import Mark, State, Verb

_NEVER = Instant(0)


@dataclass(frozen=True, slots=True, order=True)
class Base:
    """What a ticket ranks by, in this order. `level`: 0 first, 1 usual, 2 last.

    `counts_as` is the time it is taken to have come for, µs.
    """

    level: int
    counts_as: int
    checked_in: int
    number: int
    id: str


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the rank: beside the ticket with this base, before it where `offset` < 0."""

    base: Base
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a patient was told to wait when the waiting began: from `low` to `high` minutes."""

    at: Instant
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Act:
    """A step that somebody takes; `who` is a principal's id.

    `cause` is the id, in hexadecimal, of the event that it follows from, empty where a person
    decided. `to` is the queue of a transfer, `place` goes with MOVE and RETURN, `marks` and
    `priority` with MARK, `told` with CALL. `proxy`: somebody else checked the patient in.
    """

    verb: Verb
    at: Instant
    who: str
    why: str = ""
    cause: str = ""
    to: str = ""
    place: Place | None = None
    marks: frozenset[Mark] = frozenset()
    priority: str = ""
    proxy: bool = False
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it stands.

    `number` is 0 until it is checked in, and then counts within its first queue and day (its label
    is what people hear and read). `kind` is that of its appointment, in the words of its source.
    `beam` is when the door closed or the beam came on first, as far as its machine says.
    `after` is the ticket that has to be done before, `ready` whether it is. `calls` only grows:
    it tells one call from the next. `home` is the queue from which it was transferred, empty if it
    was not. `left` is when its patient last left the room of a queue, by queue. `told` is what was
    told before the first call. `before` is what undo restores, `event` (hexadecimal) what the last
    step was.
    """

    id: str
    queue: str
    day: str
    state: State = State.BOOKED
    label: str = ""
    number: int = 0
    appointment: str = ""
    patient: PatientKey | None = None
    start: Instant | None = None
    minutes: float = 0.0
    kind: str = ""
    after: str = ""
    ready: bool = False
    marks: frozenset[Mark] = frozenset()
    priority: str = ""
    since: Instant = _NEVER
    checked_in: Instant | None = None
    called: Instant | None = None
    started: Instant | None = None
    beam: Instant | None = None
    calls: int = 0
    proxy: bool = False
    told: Told | None = None
    place: Place | None = None
    event: str = ""
    home: str = ""
    left: Mapping[str, Instant] = field(default_factory=dict)
    last: Act | None = None
    before: Ticket | None = field(default=None, repr=False)

    def payload(self) -> dict[str, Any]:
        """As JSON; `read_ticket` reads it back, and what undo would restore with it."""
        said = {
            "id": self.id,
            "queue": self.queue,
            "day": self.day,
            "state": self.state.value,
            "label": self.label,
            "number": self.number,
            "appointment": self.appointment,
            "patient": list(self.patient) if self.patient else None,
            "start": self.start,
            "minutes": self.minutes,
            "kind": self.kind,
            "after": self.after,
            "ready": self.ready,
            "marks": sorted(self.marks),
            "priority": self.priority,
            "since": self.since,
            "checked_in": self.checked_in,
            "called": self.called,
            "started": self.started,
            "beam": self.beam,
            "calls": self.calls,
            "proxy": self.proxy,
            "told": _told(self.told),
            "place": _place(self.place),
            "event": self.event,
            "home": self.home,
            "left": dict(self.left) or None,
            "last": act_payload(self.last) if self.last else None,
            "before": self.before.payload() if self.before else None,
        }
        return {key: each for key, each in said.items() if each not in (None, "", [], 0, False)}


def read_ticket(said: Mapping[str, Any]) -> Ticket:
    """The ticket that `payload` gave; KeyError, TypeError or ValueError where it is none."""
    patient = said.get("patient")
    last, before = said.get("last"), said.get("before")
    return Ticket(
        id=said["id"],
        queue=said["queue"],
        day=said["day"],
        state=State(said["state"]),
        label=said.get("label", ""),
        number=said.get("number", 0),
        appointment=said.get("appointment", ""),
        patient=(patient[0], patient[1]) if patient else None,
        start=_instant(said.get("start")),
        minutes=said.get("minutes", 0.0),
        kind=said.get("kind", ""),
        after=said.get("after", ""),
        ready=said.get("ready", False),
        marks=frozenset(Mark(each) for each in said.get("marks", ())),
        priority=said.get("priority", ""),
        since=Instant(said.get("since", 0)),
        checked_in=_instant(said.get("checked_in")),
        called=_instant(said.get("called")),
        started=_instant(said.get("started")),
        beam=_instant(said.get("beam")),
        calls=said.get("calls", 0),
        proxy=said.get("proxy", False),
        told=_read_told(said.get("told")),
        place=_read_place(said.get("place")),
        event=said.get("event", ""),
        home=said.get("home", ""),
        left={queue: Instant(at) for queue, at in said.get("left", {}).items()},
        last=read_act(last) if last else None,
        before=read_ticket(before) if before else None,
    )


def act_payload(act: Act) -> dict[str, Any]:
    said = {
        "verb": act.verb.value,
        "at": act.at,
        "who": act.who,
        "why": act.why,
        "cause": act.cause,
        "to": act.to,
        "place": _place(act.place),
        "marks": sorted(act.marks),
        "priority": act.priority,
        "proxy": act.proxy,
        "told": _told(act.told),
    }
    return {key: each for key, each in said.items() if each not in (None, "", [], False)}


def read_act(said: Mapping[str, Any]) -> Act:
    """The act that `act_payload` gave."""
    return Act(
        verb=Verb(said["verb"]),
        at=Instant(said["at"]),
        who=said.get("who", ""),
        why=said.get("why", ""),
        cause=said.get("cause", ""),
        to=said.get("to", ""),
        place=_read_place(said.get("place")),
        marks=frozenset(Mark(each) for each in said.get("marks", ())),
        priority=said.get("priority", ""),
        proxy=said.get("proxy", False),
        told=_read_told(said.get("told")),
    )


def _told(told: Told | None) -> list[int] | None:
    return None if told is None else [told.at, told.low, told.high]


def _read_told(said: list[int] | None) -> Told | None:
    return None if said is None else Told(Instant(said[0]), said[1], said[2])


def _place(place: Place | None) -> list[Any] | None:
    if place is None:
        return None
    base = place.base
    return [base.level, base.counts_as, base.checked_in, base.number, base.id, place.offset]


def _read_place(said: list[Any] | None) -> Place | None:
    return None if said is None else Place(Base(*said[:5]), said[5])


def _instant(micros: int | None) -> Instant | None:
    return None if micros is None else Instant(micros)
