"""The sessions on the connection of the book: moved by acts, by work items, and by records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import apsw

from dicom.services import change_of, performed_in
from gateway import DeviceEvent, Kind
from gateway.model import Subject, to_datetime
from tps_bridge.ledger import Fraction, FractionState
from tps_bridge.session.events import (
    as_json,
    from_json,
    move_as_performed,
    move_by,
    move_of,
    read,
    said_of,
    step_of,
)
from tps_bridge.session.session import Illegal, Move, Session, SessionState, Step, moved

SCHEMA = """
CREATE TABLE session(
  id TEXT PRIMARY KEY,
  plan TEXT NOT NULL, fraction INTEGER NOT NULL, machine TEXT NOT NULL,
  at INTEGER NOT NULL, day TEXT NOT NULL,
  state TEXT NOT NULL, item TEXT NOT NULL, appointment TEXT NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_by_plan ON session(plan, fraction);
CREATE INDEX session_by_time ON session(at);
CREATE INDEX session_by_machine ON session(machine, day);
CREATE INDEX session_open ON session(state) WHERE state IN ('scheduled', 'in-progress');
CREATE INDEX session_by_appointment ON session(appointment) WHERE appointment <> '';
CREATE INDEX session_by_item ON session(item) WHERE item <> '';
CREATE TABLE session_step(
  seq INTEGER NOT NULL, session TEXT NOT NULL,
  step TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY(session, seq, step)
) WITHOUT ROWID;
CREATE TABLE session_record(
  record TEXT PRIMARY KEY, machine TEXT NOT NULL, day TEXT NOT NULL, session TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE session_untold(session TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE session_performed(
  performed TEXT PRIMARY KEY, session TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE beam_alone(seq INTEGER PRIMARY KEY, machine TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX beam_by_time ON beam_alone(at);
CREATE INDEX record_by_session ON session_record(session) WHERE session <> '';
CREATE INDEX record_alone ON session_record(session) WHERE session = '';
"""
_BODY = "SELECT body FROM session"
_UNTOLD = "WHERE at >= ? AND id IN (SELECT session FROM session_untold)"
_TOLD = "DELETE FROM session_untold WHERE session IN (SELECT id FROM session WHERE plan = ?)"


@dataclass(frozen=True, slots=True)
class Taken:
    """A step of a session's history and the state it led to; `seq` is that of its event."""

    seq: int
    step: Step
    at: int
    who: str
    why: str
    state: SessionState


class SessionTables:
    """Used by one thread at a time, inside the book's transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.moved: set[str] = set()
        """The plans of which a session was moved; whoever folds empties it."""

    def session(self, id_: str) -> Session | None:
        return next(iter(self._sessions("WHERE id = ?", id_)), None)

    def of_item(self, uid: str) -> Session | None:
        """The session that a work item is for."""
        return next(iter(self._sessions("WHERE item = ? AND item <> ''", uid)), None)

    def of_appointment(self, id_: str) -> list[Session]:
        return self._sessions("WHERE appointment = ? AND appointment <> ''", id_)

    def of_plan(self, plan: str) -> list[Session]:
        return self._sessions("WHERE plan = ?", plan)

    def between(self, first: int, end: int) -> list[Session]:
        """Those due from one moment (µs) to before another."""
        return self._sessions("WHERE at >= ? AND at < ?", first, end)

    def open(self) -> list[Session]:
        """Those that may still be treated."""
        return self._sessions("WHERE state IN ('scheduled', 'in-progress')")

    def untold(self, first: int) -> list[Session]:
        """Those due since a moment (µs) of which nothing tells all that they gave."""
        return self._sessions(_UNTOLD, first)

    def is_untold(self, id_: str) -> bool:
        """Whether it has ended, and nothing tells all that it gave."""
        sql = "SELECT 1 FROM session_untold WHERE session = ?"
        return next(iter(self._connection.execute(sql, (id_,))), None) is not None

    def leave_untold(self, plan: str, ids: Iterable[str]) -> None:
        """These of a plan's sessions are so, and no others of it."""
        self._connection.execute(_TOLD, (plan,))
        rows = [(each,) for each in ids]
        self._connection.executemany("INSERT INTO session_untold VALUES(?)", rows)

    def beams_alone(self, first: int, end: int) -> list[tuple[str, int]]:
        """How often a machine's beam came on without a session, in a span of time (µs)."""
        sql = "SELECT machine, count(*) FROM beam_alone WHERE at >= ? AND at < ? GROUP BY machine"
        return list(self._connection.execute(sql, (first, end)))

    def left(self) -> list[Session]:
        """Those that were called off and are still a work item."""
        return self._sessions("WHERE item <> '' AND state = 'cancelled'")

    def steps(self, id_: str) -> list[Taken]:
        """A session's history, oldest first."""
        sql = "SELECT seq, step, at, who, why, state FROM session_step WHERE session = ?"
        rows = self._connection.execute(f"{sql} ORDER BY seq, at", (id_,))
        return [
            Taken(seq, Step(step), at, who, why, SessionState(state))
            for seq, step, at, who, why, state in rows
        ]

    def records(self, id_: str) -> list[str]:
        """The UIDs of the records of a session."""
        sql = """
        SELECT record FROM session_record WHERE session = ? AND session <> '' ORDER BY record
        """
        return [row[0] for row in self._connection.execute(sql, (id_,))]

    def take(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        """Take an act, or a change of a work item or a performed step; what others are told."""
        if event.kind is Kind.SESSION:
            yield from self._performed(event)
        if event.kind is not Kind.ACTION:
            return
        if (change := change_of(event)) is not None:
            session, move = self.of_item(change.uid), move_by(change)
            if session is not None and move is not None:
                yield from self._move(session, _fitting(session, move), event)
            return
        step = step_of(event)
        if step is Step.SCHEDULE:
            opened = read((event.payload or {})["opens"])
            self._keep(opened)
            self._note(opened.id, move_of(event, step), event.seq)
        elif step is not None:
            said = event.payload or {}
            session = self.session(said["session"])
            if session is not None:
                yield from self._move(session, move_of(event, step), event)
            elif step is Step.BEAM:
                row = (event.seq, said["machine"], event.received_at)
                self._connection.execute("INSERT OR REPLACE INTO beam_alone VALUES(?,?,?)", row)

    def follow(
        self,
        given: tuple[int, Fraction] | None,
        cause: DeviceEvent,
        *,
        record: str,
        plan: str,
        machine: str,
        day: str,
        who: str = "",
        verified: int | None = None,
        known: str = "",
        untold: Callable[[], Collection[str]] = tuple,
    ) -> Iterator[DeviceEvent]:
        """Tie a record to the session that it is of, and move one that nothing else moves.

        It is of the fraction that was `given`, of the group of that number. `who` told it, if not
        the machine, and for which session if that is `known`. `verified` is the fraction of a
        record that gave no dose: it belongs to a session that only verifies, which its work item
        alone moves. `untold` are the sessions that were not explained before it came.
        """
        group, fraction = given if given is not None else (None, None)
        number = fraction.number if fraction else verified
        session = self.session(known)
        if session is None and number is not None:
            own = [
                each
                for each in self._sessions("WHERE plan = ? AND fraction = ?", plan, number)
                if machine in {"", each.machine} and group in {None, each.group}
            ]
            named = [each for each in own if record in each.outputs]
            several = self._of_record(own, day, treats=fraction is not None)
            session = named[0] if named else self._likely(several, day, untold)
        row = (record, machine, day, session.id if session else "")
        self._connection.execute("INSERT OR REPLACE INTO session_record VALUES(?,?,?,?)", row)
        if session is None or fraction is None or session.item:
            return
        who = who or f"record:{machine}"
        if session.state is SessionState.SCHEDULED:
            yield from self._move(session, Move(Step.BEGIN, cause.received_at, who), cause)
            session = self.session(session.id) or session
        if fraction.state is FractionState.DELIVERED:
            yield from self._move(session, Move(Step.COMPLETE, cause.received_at, who), cause)
        else:
            progress = Move(Step.PROGRESS, cause.received_at, who, progress=_share(fraction))
            yield from self._move(session, progress, cause)

    def of_record(self, record: str) -> Session | None:
        """The session that a record is tied to."""
        sql = "SELECT session FROM session_record WHERE record = ?"
        row = next(iter(self._connection.execute(sql, (record,))), None)
        return self.session(str(row[0])) if row is not None else None

    def untie(self, record: str) -> None:
        """A record tells nothing of its session any more."""
        self._connection.execute("DELETE FROM session_record WHERE record = ?", (record,))

    def unfollow(
        self, left: Fraction | None, cause: DeviceEvent, id_: str, why: str
    ) -> Iterator[DeviceEvent]:
        """A record counts no more; `left` is what is given of the session's fraction without it.

        What still is given in full leaves the session as it is.
        """
        session = self.session(id_)
        if session is None or (left is not None and left.state is FractionState.DELIVERED):
            return
        progress = 0.0 if left is None else _share(left)
        move = Move(Step.TAKE_BACK, cause.received_at, cause.actor, why, progress=progress)
        yield from self._move(session, move, cause)

    def _performed(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        """A performed step moves the one session of its appointment and patient.

        A work item goes before.
        """
        change = performed_in(event)
        if change is None:
            return
        for appointment in change.appointments:
            open_ = [
                each
                for each in self.of_appointment(appointment)
                if each.state.is_open
                and (not each.titles or change.by in each.titles)
                and _is_of(each, event.subject)
            ]
            if len(open_) == 1:
                row = (change.uid, open_[0].id)
                self._connection.execute("INSERT OR IGNORE INTO session_performed VALUES(?,?)", row)
        sql = "SELECT session FROM session_performed WHERE performed = ?"
        move = move_as_performed(change)
        for (id_,) in list(self._connection.execute(sql, (change.uid,))):
            session = self.session(id_)
            if session is not None and not session.item and move is not None:
                yield from self._move(session, move, event)

    def _of_record(self, own: Sequence[Session], day: str, *, treats: bool) -> list[Session]:
        """Of a fraction's sessions at a machine those which a record of a day may be of.

        What was given on a day before is none of theirs.
        """
        return [
            each
            for each in own
            if each.task.treats == treats
            and each.state is not SessionState.CANCELLED
            and (each.day <= day or _began_around(each, day))
        ]

    def _likely(
        self, found: Sequence[Session], day: str, untold: Callable[[], Collection[str]]
    ) -> Session | None:
        """One that is treated; else one that ended around that day and misses a record.

        Of these the oldest that has none yet, else the oldest. Else one that is to be treated; else
        the newest that ended.
        """
        if len(found) < 2:  # noqa: PLR2004 - no choice
            return next(iter(found), None)
        missing = set(untold())

        def rank(each: Session) -> tuple[int, bool, int]:
            if each.state is SessionState.IN_PROGRESS:
                return 3, True, each.at
            if each.state is SessionState.SCHEDULED:
                return 1, True, each.at
            has_none = not self.records(each.id)
            misses = each.id in missing or (has_none and not each.task.treats)
            if misses and _began_around(each, day):
                return 2, has_none, -each.at
            return 0, True, each.at

        return max(found, key=rank)

    def _move(self, session: Session, move: Move, cause: DeviceEvent) -> Iterator[DeviceEvent]:
        try:
            after = moved(session, move)
        except Illegal:
            return
        self._keep(after)
        if move.step is not Step.PROGRESS:
            self._note(session.id, move, cause.seq, after.state)
        said = said_of(session, after, cause)
        if said is not None:
            yield said

    def _keep(self, session: Session) -> None:
        self.moved.add(session.plan)
        row = (
            session.id,
            session.plan,
            session.fraction,
            session.machine,
            session.at,
            session.day,
            session.state.value,
            session.item,
            session.appointment,
            as_json(session),
        )
        self._connection.execute("INSERT OR REPLACE INTO session VALUES(?,?,?,?,?,?,?,?,?,?)", row)

    def _note(
        self, session: str, move: Move, seq: int, state: SessionState = SessionState.SCHEDULED
    ) -> None:
        row = (seq, session, move.step.value, move.at, move.who, move.why, state.value)
        self._connection.execute("INSERT OR REPLACE INTO session_step VALUES(?,?,?,?,?,?,?)", row)

    def _sessions(self, where: str = "", *binds: str | int) -> list[Session]:
        rows = self._connection.execute(f"{_BODY} {where} ORDER BY at, id", binds)
        return [from_json(row[0]) for row in rows]


def _began_around(session: Session, day: str) -> bool:
    """Whether a session began around a day (YYYYMMDD), in whatever zone a machine has; '' is any.

    Where only a record tells that it began, that is when the record came.
    """
    if session.begun is None:
        return False
    began = to_datetime(session.begun).date()
    return not day or abs((datetime.strptime(day, "%Y%m%d").date() - began).days) <= 1  # noqa: DTZ007


def _is_of(session: Session, subject: Subject | None) -> bool:
    """Whether a step surely names a session's patient; an issuer that it leaves out is none."""
    own = session.identity
    if subject is None or not own.patient or subject.patient != own.patient:
        return False
    return subject.issuer in ("", own.issuer)


def _fitting(session: Session, move: Move) -> Move:
    """A work item that ends as CANCELED discontinues a session that has begun."""
    begun = session.state is SessionState.IN_PROGRESS
    if move.step in {Step.CANCEL, Step.WITHDRAW} and begun:
        return replace(move, step=Step.DISCONTINUE)
    return move


def _share(fraction: Fraction) -> float | None:
    """Percent of the planned meterset that was given."""
    planned = sum(each.beam.meterset or 0.0 for each in fraction.beams)
    return min(100.0, 100.0 * fraction.given / planned) if planned else None
