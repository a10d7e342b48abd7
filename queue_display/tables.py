"""The queue in a file of its own: delete it, and it is rebuilt from the event store."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import apsw
import orjson

from gateway.model import DeviceEvent, Instant
from gateway.room import ACTION_SYSTEM
from queue_display.machine import Illegal, beamed, freed, renewed, step, tied
from queue_display.meant import doubt, is_named, meant
from queue_display.terms import State, Verb, Words
from queue_display.ticket import Act, Ticket, act_payload, read_act, read_ticket

log = logging.getLogger(__name__)

ACT = "queue."
"""Begins the code of everything that happens to the queue; a `Verb` or one of these follows."""
STOP, RESUME, CLEANED, SIGNAL, DISMISS = "stop", "resume", "cleaned", "signal", "dismiss"
_BEAM = "beam"

SCHEMA = """
CREATE TABLE ticket(
  id TEXT PRIMARY KEY, day TEXT NOT NULL, prefix TEXT NOT NULL, number INTEGER NOT NULL,
  present INTEGER NOT NULL, after TEXT NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX ticket_by_day ON ticket(day, prefix, number);
CREATE INDEX ticket_present ON ticket(day) WHERE present;
CREATE INDEX ticket_after ON ticket(after) WHERE after <> '';
CREATE TABLE step(
  seq INTEGER PRIMARY KEY, ticket TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL,
  refused BLOB
);
CREATE INDEX step_by_ticket ON step(ticket, seq);
CREATE TABLE line(
  queue TEXT PRIMARY KEY, stopped INTEGER, why TEXT NOT NULL, who TEXT NOT NULL,
  cause TEXT NOT NULL, cleaned INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE proposal(
  cause TEXT NOT NULL, queue TEXT NOT NULL, verb TEXT NOT NULL, seq INTEGER NOT NULL,
  at INTEGER NOT NULL, ticket TEXT NOT NULL, says BLOB NOT NULL, open INTEGER NOT NULL,
  PRIMARY KEY(cause, queue, verb)
) WITHOUT ROWID;
CREATE INDEX proposal_open ON proposal(queue, seq) WHERE open;
"""

_RUNS = 12 * 3600 * 1_000_000
"""How long ago a patient may have come in whom an event can still be about, µs."""

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Stand:
    """How a whole queue stands. `stopped` is since when nobody is called, None if people are.

    `cleaned` is when the room was last said to be clean, 0 for never.
    """

    stopped: Instant | None = None
    why: str = ""
    who: str = ""
    cause: str = ""
    cleaned: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a device event asks a person to confirm. Without a `ticket` only to look at.

    One event may propose a step in each of several queues, and several in one: each is answered
    by itself.
    """

    cause: str
    at: Instant
    queue: str
    ticket: str
    verb: str
    says: Words


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of a ticket's history, the state it led to, and why it was refused if it was."""

    seq: int
    act: Act
    state: State
    refused: Words | None


class Tables:
    """Tickets, their steps, and what devices propose."""

    format: ClassVar = 4
    schema: ClassVar = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take every step in order; one that can't be taken is kept as refused."""
        for event in events:
            code = event.code
            if code.system == ACTION_SYSTEM and code.code.startswith(ACT):
                try:
                    self._take(event, code.code.removeprefix(ACT), event.payload or {})
                except _MALFORMED as error:
                    log.warning("Event %d says nothing to the queue: %s", event.seq, error)
        return ()

    def ticket(self, id_: str) -> Ticket | None:
        rows = self._connection.execute("SELECT body FROM ticket WHERE id = ?", (id_,))
        return next((_read(body) for (body,) in rows), None)

    def of_day(self, day: str, before: str) -> list[Ticket]:
        """Tickets of a day, and those of the day `before` whose patients are still about."""
        rows = self._connection.execute(
            "SELECT body FROM ticket WHERE day = ?1"
            " UNION ALL SELECT body FROM ticket WHERE day = ?2 AND present",
            (day, before),
        )
        return [_read(body) for (body,) in rows]

    def of_days(self, first: str, end: str) -> dict[str, list[Ticket]]:
        """Tickets by day in order, from `first` to the day before `end`."""
        found: dict[str, list[Ticket]] = {}
        for day, body in self._connection.execute(
            "SELECT day, body FROM ticket WHERE day >= ? AND day < ? ORDER BY day", (first, end)
        ):
            found.setdefault(day, []).append(_read(body))
        return found

    def steps(self, id_: str) -> list[Taken]:
        """A ticket's history, oldest first."""
        rows = self._connection.execute(
            "SELECT seq, body, state, refused FROM step WHERE ticket = ? ORDER BY seq", (id_,)
        )
        return [Taken(seq, _read_act(body), State(at), _words(no)) for seq, body, at, no in rows]

    def taken(self, seq: int) -> Taken | None:
        rows = self._connection.execute(
            "SELECT seq, body, state, refused FROM step WHERE seq = ?", (seq,)
        )
        return next(
            (Taken(seq, _read_act(b), State(at), _words(no)) for seq, b, at, no in rows), None
        )

    def stands(self) -> dict[str, Stand]:
        rows = self._connection.execute("SELECT queue, stopped, why, who, cause, cleaned FROM line")
        return {queue: Stand(*rest) for queue, *rest in rows}

    def proposals(self, since: Instant) -> list[Proposal]:
        """What waits for a person, oldest first."""
        rows = self._connection.execute(
            "SELECT cause, at, queue, ticket, verb, says FROM proposal WHERE open AND at >= ?"
            " ORDER BY seq",
            (since,),
        )
        return [
            Proposal(cause, Instant(at), queue, ticket, verb, orjson.loads(says))
            for cause, at, queue, ticket, verb, says in rows
        ]

    def _take(self, event: DeviceEvent, what: str, said: Mapping[str, Any]) -> None:
        match what:
            case "stop" | "resume":
                why = event.value.text if event.value else ""
                self._stop(event, said["queue"], why, what)
            case "cleaned":
                self._line(said["queue"], cleaned=event.observed_at)
            case "signal":
                self._signal(event, said)
            case "dismiss":
                self._settle(said["cause"], said.get("queue", ""), said.get("verb", ""))
            case _:
                self._step(event, _act_of(event, Verb(what), said), said)

    def _step(self, event: DeviceEvent, act: Act, said: Mapping[str, Any]) -> None:
        ticket = self.ticket(said["ticket"]) or read_ticket(said["opens"])
        refused: Words | None = None
        try:
            anew = said.get("anew")
            after = renewed(ticket, read_ticket(said["opens"]), act) if anew else step(ticket, act)
            others = self._others(ticket, act, event.id.hex())
        except Illegal as no:
            after, others, refused = ticket, [], no.text
        if refused is None:
            after = replace(after, event=event.id.hex())
            self._keep(self._numbered(after, said.get("prefix", "")))
            for other in others:
                self._keep(other)
            if act.cause:
                self._settle(act.cause, verb=act.verb, ticket=ticket.id)
        self._connection.execute(
            "INSERT OR REPLACE INTO step VALUES(?,?,?,?,?)",
            (
                event.seq,
                ticket.id,
                orjson.dumps(act_payload(act)),
                after.state,
                orjson.dumps(refused) if refused else None,
            ),
        )

    def _others(self, ticket: Ticket, act: Act, event: str) -> list[Ticket]:
        """Later stops of the same patient, which begin to wait when this one ends."""
        ends = {Verb.FINISH, Verb.NO_SHOW}
        rows = self._connection.execute("SELECT body FROM ticket WHERE after = ?", (ticket.id,))
        later = [_read(body) for (body,) in rows]
        if act.verb in ends:
            return [freed(each, replace(act, cause=event)) for each in later if not each.ready]
        if act.verb is Verb.UNDO and ticket.last is not None and ticket.last.verb in ends:
            return [tied(each, act) for each in later]
        return []

    def _numbered(self, ticket: Ticket, prefix: str) -> Ticket:
        """With the next number of its prefix and day, if it is checked in and has none."""
        if ticket.number or ticket.checked_in is None:
            return ticket
        rows = self._connection.execute(
            "SELECT ifnull(max(number), 0) FROM ticket WHERE day = ? AND prefix = ?",
            (ticket.day, prefix),
        )
        number = next(rows)[0] + 1
        return replace(ticket, number=number, label=f"{prefix}{number:03}")

    def _keep(self, ticket: Ticket) -> None:
        row = (
            ticket.id,
            ticket.day,
            ticket.label.rstrip("0123456789"),
            ticket.number,
            ticket.state.is_present,
            ticket.after,
            orjson.dumps(ticket.payload()),
        )
        self._connection.execute("INSERT OR REPLACE INTO ticket VALUES(?,?,?,?,?,?,?)", row)

    def _stop(self, event: DeviceEvent, queue: str, why: str, what: str) -> None:
        stopped = what == STOP
        self._line(
            queue,
            stopped=event.observed_at if stopped else None,
            why=why if stopped else "",
            who=event.actor,
            cause=event.caused_by.hex(),
        )
        self._settle(event.caused_by.hex(), queue, what)

    def _line(self, queue: str, **facts: Any) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO line VALUES(?, NULL, '', '', '', 0)", (queue,)
        )
        for name, value in facts.items():
            sql = f"UPDATE line SET {name} = ? WHERE queue = ?"  # noqa: S608 - names of this module
            self._connection.execute(sql, (value, queue))

    def _signal(self, event: DeviceEvent, said: Mapping[str, Any]) -> None:
        """A device event that moves the queue: at once where the site allows it, else proposed."""
        verb, queue = said["verb"], said["queue"]
        if verb in {STOP, RESUME}:
            if said["automatic"]:
                self._stop(event, queue, said["says"]["zh-CN"], verb)
            else:
                self._propose(event, said, "", said["says"])
            return
        if verb == _BEAM:
            self._beam(event, said)
            return
        ticket, why = meant(self._there(queue, event), Verb(verb), said)
        if ticket is not None:
            why = doubt(ticket, Verb(verb), event.observed_at, said) or {}
        if ticket is None or why or not said["automatic"]:
            says = {
                tag: f"{text} {why[tag]}" if why else text for tag, text in said["says"].items()
            }
            self._propose(event, said, ticket.id if ticket is not None else "", says)
            return
        act = Act(
            Verb(verb),
            event.observed_at,
            event.actor,
            why=said["says"]["en"],
            cause=event.caused_by.hex(),
        )
        self._step(event, act, {"ticket": ticket.id})

    def _beam(self, event: DeviceEvent, said: Mapping[str, Any]) -> None:
        """Note it of the one patient inside; a beam without a patient is a machine's own check."""
        there = [
            each
            for each in self._there(said["queue"], event)
            if each.state is not State.CALLED
            and is_named(each, said)
            and doubt(each, Verb.START, event.observed_at, said) is None
        ]
        if len(there) == 1:
            self._keep(beamed(there[0], event.observed_at))

    def _there(self, queue: str, event: DeviceEvent) -> list[Ticket]:
        """Who is called or inside, and can be meant by an event."""
        rows = self._connection.execute("SELECT body FROM ticket WHERE present")
        return [
            each
            for (body,) in rows
            if (each := _read(body)).queue == queue
            and each.state.takes_room
            and each.since > event.observed_at - _RUNS
        ]

    def _propose(
        self, event: DeviceEvent, said: Mapping[str, Any], ticket: str, says: Words
    ) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO proposal VALUES(?,?,?,?,?,?,?,1)",
            (
                event.caused_by.hex(),
                said["queue"],
                said["verb"],
                event.seq,
                event.observed_at,
                ticket,
                orjson.dumps(says),
            ),
        )

    def _settle(self, cause: str, queue: str = "", verb: str = "", ticket: str = "") -> None:
        """Close what an event proposes; what is left empty is not looked at."""
        self._connection.execute(
            "UPDATE proposal SET open = 0 WHERE cause = ? AND ? IN ('', queue)"
            " AND ? IN ('', verb) AND ? IN ('', ticket)",
            (cause, queue, verb, ticket),
        )


def _act_of(event: DeviceEvent, verb: Verb, said: Mapping[str, Any]) -> Act:
    """The act in an event: who, when, why and from what are the event's own."""
    return replace(
        read_act({**said.get("act", {}), "verb": verb.value, "at": event.observed_at}),
        who=event.actor,
        why=event.value.text if event.value else "",
        cause=event.caused_by.hex(),
    )


def _read(body: bytes) -> Ticket:
    return read_ticket(orjson.loads(body))


def _read_act(body: bytes) -> Act:
    return read_act(orjson.loads(body))


def _words(body: bytes | None) -> Words | None:
    return None if body is None else orjson.loads(body)
