"""Plans, records and acts as events make them, on the connection of their projection."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any, ClassVar

import apsw
import orjson

from dicom.services import StoredObject, stored_in
from gateway import DeviceEvent, Kind
from gateway.room import ACTION_SYSTEM
from tps_bridge.book.byhand import BY_HAND, HandRecord, by_hand
from tps_bridge.book.card import (
    Comparison,
    PlanCard,
    RecordCard,
    as_json,
    read,
)
from tps_bridge.book.corrected import corrections, established
from tps_bridge.book.events import COMPARED, DOSES, PLAN, RECORD, SUMMED, UNREAD, VOLUMES, is_ours
from tps_bridge.book.noted import Act, Note
from tps_bridge.book.rows import Rows
from tps_bridge.book.schema import SCHEMA
from tps_bridge.book.standing import standing, state_of
from tps_bridge.book.told import is_told
from tps_bridge.book.whose import Stranger, attributions, strangers
from tps_bridge.ledger import Fraction, Ledger
from tps_bridge.plan import DOSE, PLAN_CLASSES, STRUCTURES, DoseGrid, StructureSet
from tps_bridge.record import RECORD_CLASSES, SUMMARY, Summary
from tps_bridge.session.session import Session, SessionState
from tps_bridge.session.tables import SCHEMA as SESSIONS
from tps_bridge.session.tables import SessionTables

log = logging.getLogger(__name__)

READ = PLAN_CLASSES | RECORD_CLASSES | {STRUCTURES, DOSE, SUMMARY}
"""SOP classes that are read; others are none of the book's business."""

_VOLUMES: Mapping[str, type[StructureSet | DoseGrid]] = {VOLUMES: StructureSet, DOSES: DoseGrid}
_ACTS = frozenset(Act)
_HAND = frozenset({Act.GIVE, Act.WITNESS, Act.TAKE_BACK, Act.CONCUR})
_HAND_OPEN = "INSERT OR IGNORE INTO hand_open VALUES(?)"
_HAND_SETTLED = "DELETE FROM hand_open WHERE plan = ?"
_KNOWN = "SELECT blob FROM object WHERE uid = ?"
_OBJECT = "INSERT INTO object VALUES(?,?,?,?,?,?,?,?,?,'waiting','')"
_OTHER = "INSERT OR IGNORE INTO other VALUES(?,?,?,?,?)"
_STATE = "UPDATE object SET state = ?, what = ? WHERE uid = ? AND blob = ?"
_PLACE = "SELECT seq, received FROM object WHERE uid = ? AND blob = ?"
_PLAN = """
INSERT INTO plan(uid, patient, issuer, digest, seq, received, card) VALUES(?,?,?,?,?,?,?)
ON CONFLICT(uid) DO UPDATE SET patient = excluded.patient, issuer = excluded.issuer,
  digest = excluded.digest, card = excluded.card
"""
_RECORD = "INSERT OR REPLACE INTO record VALUES(?,?,?,?,?,?,?,NULL,0,?)"
_STRANGE = "UPDATE record SET strange = ? WHERE uid = ? AND strange IS NOT ?1"
_UNCOUNTED = "UPDATE record SET uncounted = ? WHERE uid = ? AND uncounted <> ?1"
_SUMMARY = "INSERT OR REPLACE INTO summary VALUES(?,?,?,?,1,?)"
_OPEN = "UPDATE summary SET open = ? WHERE uid = ?"
_COMPARED = "INSERT OR REPLACE INTO compared VALUES(?,?,?,?,?,?,?,?)"
_NOTED = "INSERT INTO noted VALUES(?,?,?,?,?,?,?)"
_STANDING = """
UPDATE plan SET state = ?, planned = ?, delivered = ?, partial = ?, findings = ?, last_day = ?
WHERE uid = ?
"""


@dataclass(frozen=True, slots=True)
class _Course:
    """A plan, its records and what was noted of it, with what follows from them."""

    card: PlanCard
    records: Sequence[RecordCard]
    notes: Sequence[Note]
    strange: Mapping[str, Stranger]
    ledgers: Sequence[Ledger]


class Tables(Rows):
    """What events do to the rows. Used by one thread at a time."""

    format: ClassVar[int] = 14
    schema: ClassVar[str] = SCHEMA + SESSIONS

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(connection)
        self.sessions = SessionTables(connection)
        self._turn = 0
        self._touched: dict[str, int] = {}

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Objects, what was read of them, and acts, in order of seq.

        What follows are moves of sessions. What was read of an object and can't be taken in leaves
        the object unread.
        """
        try:
            said, moved = self._whole(events)
        except apsw.Error:
            raise
        except Exception:
            log.exception("tps: events can't be taken in together; now one by one")
            each = [self._alone(event) for event in events]
            said = [one for following, _ in each for one in following]
            moved = frozenset(plan for _, plans in each for plan in plans)
        self._turn += 1
        self._touched |= dict.fromkeys(moved, self._turn)
        return said

    def _whole(self, events: Sequence[DeviceEvent]) -> tuple[list[DeviceEvent], frozenset[str]]:
        """All of them or none: the moves of sessions, and the plans that moved."""
        moved: dict[str, None] = {}
        said: list[DeviceEvent] = []
        try:
            with self._connection:  # a savepoint
                for event in events:
                    moved.update(dict.fromkeys(self._take(event)))
                    said += self._of_sessions(event)
                for plan in dict.fromkeys((*moved, *self.sessions.moved)):
                    self._settle(plan, moved=plan in moved)
            return said, frozenset((*moved, *self.sessions.moved))
        finally:
            self.sessions.moved.clear()

    def _alone(self, event: DeviceEvent) -> tuple[list[DeviceEvent], frozenset[str]]:
        """One event; its object is unread if this fails at what was read of it."""
        try:
            return self._whole([event])
        except apsw.Error:
            raise
        except Exception as error:
            # What is in the event store comes again with each start: it must not end them all.
            if not is_ours(event):
                raise
            said = event.payload or {}
            uid = said["uid"]
            log.exception("tps: what was read of %s can't be taken in", uid)
            what = f"what was read of it can't be taken in ({type(error).__name__}: {error})"
            self._connection.execute(_STATE, ("unread", what, uid, said["blob"]))
            return [], frozenset()

    def untold(self, plan: str) -> list[Session]:
        """Sessions of a plan that were begun, and of which nothing tells yet all that they gave.

        Records tell it, unless two people said that they are another patient's; or two people do.
        """
        return [
            each
            for each in self.sessions.of_plan(plan)
            if each.state is SessionState.IN_PROGRESS or self.sessions.is_untold(each.id)
        ]

    def _settle(self, plan: str, *, moved: bool) -> None:
        """Keep how far a plan that moved is, and which of its ended sessions are not explained."""
        ended = self._ended(plan)
        course = self._course(plan) if moved or ended else None
        if course is not None and moved:
            self._stand(course)
        self.sessions.leave_untold(plan, self._unexplained(course, ended) if course else ())

    def _ended(self, plan: str) -> list[Session]:
        return [each for each in self.sessions.of_plan(plan) if each.has_treated]

    def _course(self, plan: str, but: str = "") -> _Course | None:
        """What counts of a plan that is here; as if one record had not come."""
        found = self.known(plan)
        if found is None:
            return None
        card, came, notes = found
        records = [each for each in came if each.uid != but]
        known = card, records, notes
        return _Course(*known, strangers(*known), standing(*known))

    def _untold_without(self, plan: str, record: str) -> list[str]:
        """The ended sessions of a plan that were not explained before a record came."""
        ended = self._ended(plan)
        course = self._course(plan, record) if ended else None
        return self._unexplained(course, ended, record) if course else []

    def _unexplained(self, course: _Course, ended: Sequence[Session], but: str = "") -> list[str]:
        """Those of the ended sessions of a plan that what is counted does not explain."""
        strange = course.strange.values()
        others = {each.card.uid for each in strange if not (each.is_open or each.counts)}
        by_people = {each.session for each in by_hand(course.notes) if each.counts}
        settled = established(course.notes)
        given = {
            (group.number, each.number): each
            for group, ledger in zip(course.card.facts.groups, course.ledgers, strict=True)
            for each in ledger.fractions
        }
        here = {each.uid for each in course.records}
        return [
            each.id
            for each in ended
            if not is_told(
                each,
                given.get((each.group, each.fraction)),
                told_by=set(self._told_by(each.id)) - {*others, but},
                read=here,
                settled=settled,
                by_people=each.id in by_people,
            )
        ]

    def _told_by(self, session: str) -> list[str]:
        """The records of a session that came as objects."""
        return [each for each in self.sessions.records(session) if not each.startswith(BY_HAND)]

    def touched(self, since: int) -> tuple[int, frozenset[str]]:
        """The plans that moved after the turn `since` of folding, and which turn it is now.

        Turns begin at 0 with each start.
        """
        plans = (plan for plan, turn in self._touched.items() if turn > since)
        return self._turn, frozenset(plans)

    def _of_sessions(self, event: DeviceEvent) -> list[DeviceEvent]:
        """What an event does to sessions; one that says nothing they understand does nothing."""
        try:
            if is_ours(event) and event.code.code == RECORD:
                return list(self._followed(event))
            if is_ours(event) and event.code.code == PLAN:
                return list(self._caught_up((event.payload or {})["uid"], event))
            if event.kind is Kind.ACTION and event.code.code in {Act.WITNESS, Act.CONCUR}:
                return list(self._agreed(event))
            if event.kind is Kind.ACTION and event.code.code == Act.CONFIRM:
                return [*self._attributed(event), *self._corrected(event)]
            return list(self.sessions.take(event))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, OverflowError) and is_ours(event):
                raise
            log.warning("Event %d says nothing to sessions: %s", event.seq, error)
            return []

    def _followed(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        yield from self._follow((event.payload or {})["uid"], event)

    def _attributed(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        """A record moves its session when two people said that it is of the plan's patient."""
        said = event.payload or {}
        for each in attributions(self.notes(str(said["plan"]))).values():
            if each.seq != said["override"] or each.second != event.actor:
                continue
            session = self.sessions.of_record(each.record)
            if session is not None and not each.own:
                left = self._fraction(session.plan, session.group, session.fraction)
                yield from self.sessions.unfollow(left, event, session.id, each.why)
            yield from self._follow(each.record, event)

    def _corrected(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        """A record moves its session when two people established what it gave."""
        said = event.payload or {}
        for each in corrections(self.notes(str(said["plan"]))).values():
            if each.seq == said["override"] and each.second == event.actor:
                session = self.sessions.of_record(each.record)
                known = session.id if session is not None else ""
                yield from self._follow(each.record, event, known)

    def _caught_up(self, plan: str, event: DeviceEvent) -> Iterator[DeviceEvent]:
        """What was told of a plan before that was read moves its sessions now."""
        for row in self.records("WHERE record.plan = ?", (plan,)):
            if self.sessions.of_record(row.card.uid) is None:
                yield from self._follow(row.card.uid, event)
        for each in by_hand(self.notes(plan)):
            if each.counts and self.sessions.of_record(each.uid) is None:
                yield from self._by_hand(plan, each, event)

    def _follow(self, uid: str, event: DeviceEvent, known: str = "") -> Iterator[DeviceEvent]:
        for row in self.records("WHERE record.uid = ?", (uid,)):
            card = row.card
            yield from self.sessions.follow(
                self._given(card.plan, uid),
                event,
                record=uid,
                plan=card.plan,
                verified=None if card.treats else _number(card),
                machine=card.machine,
                day=card.day,
                known=known,
                untold=partial(self._untold_without, card.plan, card.uid),
            )

    def _agreed(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        """A record by hand moves its session when two people confirmed it, or took it back."""
        said = event.payload or {}
        plan = str(said["plan"])
        for each in by_hand(self.notes(plan)):
            if each.seq == said["given"] and each.counts:
                yield from self._by_hand(plan, each, event)
            elif each.seq == said["given"] and each.back is not None and each.back.second:
                self.sessions.untie(each.uid)
                left = self._fraction(plan, each.group, each.fraction)
                yield from self.sessions.unfollow(left, event, each.session, each.back.why)

    def _by_hand(self, plan: str, record: HandRecord, event: DeviceEvent) -> Iterator[DeviceEvent]:
        yield from self.sessions.follow(
            self._given(plan, record.uid),
            event,
            record=record.uid,
            plan=plan,
            machine=record.machine,
            day=record.day,
            who=record.second,
            known=record.session,
        )

    def _fractions(self, plan: str) -> Iterator[tuple[int, Fraction]]:
        """The fractions of a plan as the ledger has them now, each with the number of its group."""
        for row in self.plans("WHERE uid = ?", (plan,)):
            for group, ledger in zip(row.card.facts.groups, self.ledgers(plan), strict=True):
                yield from ((group.number, each) for each in ledger.fractions)

    def _fraction(self, plan: str, group: int, number: int) -> Fraction | None:
        found = (each for own, each in self._fractions(plan) if own == group)
        return next((each for each in found if each.number == number), None)

    def _given(self, plan: str, record: str) -> tuple[int, Fraction] | None:
        """The fraction to which a record gave something."""
        return next(
            (
                (group, each)
                for group, each in self._fractions(plan)
                if any(part.record == record for beam in each.beams for part in beam.parts)
            ),
            None,
        )

    def _take(self, event: DeviceEvent) -> Iterator[str]:
        """Take in an event; the plans whose ledger it may move."""
        if event.kind is Kind.ACTION:
            yield from self._note(event)
        elif is_ours(event):
            yield from self._read(event)
        elif (stored := stored_in(event)) is not None:
            self._object(stored)

    def _object(self, stored: StoredObject) -> None:
        sop_class, blob = stored.attributes.sop_class, stored.blob
        if sop_class not in READ:
            return
        known = next(self._rows(_KNOWN, (stored.uid,)), None)
        at = (stored.seq, stored.received_at)
        if known is None:
            syntax = stored.origin.transfer_syntax
            whose = stored.attributes.patient
            number = (whose.patient, whose.issuer)
            row = (stored.uid, blob.digest, blob.size, syntax, sop_class, *at, *number)
            self._connection.execute(_OBJECT, row)
        elif known[0] != blob.digest:
            self._connection.execute(_OTHER, (stored.uid, blob.digest, sop_class, *at))

    def _read(self, event: DeviceEvent) -> Iterator[str]:
        payload: Mapping[str, Any] = event.payload or {}
        uid, blob, body = payload["uid"], payload["blob"], payload["body"]
        place = next(self._rows(_PLACE, (uid, blob)), None)
        if event.code.code == COMPARED:
            done = read(Comparison, body)
            self._connection.execute(_COMPARED, astuple(done))
        elif place is not None and event.code.code == UNREAD:
            self._connection.execute(_STATE, ("unread", body["what"], uid, blob))
        elif place is not None and event.code.code in _VOLUMES:
            self._connection.execute(_STATE, ("read", "", uid, blob))
            self._volume(event.code.code, body)
        elif place is not None and event.code.code == SUMMED:
            self._connection.execute(_STATE, ("read", "", uid, blob))
            card = read(Summary, body)
            self._connection.execute(_SUMMARY, (card.uid, card.plan, *place, as_json(card)))
            yield card.plan
        elif place is not None and event.code.code == PLAN:
            self._connection.execute(_STATE, ("read", "", uid, blob))
            yield self._plan(read(PlanCard, body), place)
        elif place is not None and event.code.code == RECORD:
            self._connection.execute(_STATE, ("read", "", uid, blob))
            yield self._record(read(RecordCard, body), place)

    def _volume(self, code: str, body: Any) -> None:
        card = read(_VOLUMES[code], body)
        plan = card.plan if isinstance(card, DoseGrid) else ""
        row = (card.uid, code, plan, as_json(card))
        self._connection.execute("INSERT OR REPLACE INTO volume VALUES(?,?,?,?)", row)

    def _plan(self, card: PlanCard, place: tuple[int, int]) -> str:
        own = card.identity
        row = (card.uid, own.patient, own.issuer, card.digest, *place, as_json(card))
        self._connection.execute(_PLAN, row)
        return card.uid

    def _record(self, card: RecordCard, place: tuple[int, int]) -> str:
        own = card.identity
        row = (card.uid, card.plan, own.patient, own.issuer, *place)
        self._connection.execute(_RECORD, (*row, card.verification.value, as_json(card)))
        return card.plan

    def _note(self, event: DeviceEvent) -> Iterator[str]:
        if event.code.system != ACTION_SYSTEM or event.code.code not in _ACTS:
            return
        facts = dict(event.payload or {})
        plan = str(facts.pop("plan", ""))
        why = event.value.text if event.value else ""
        row = (
            event.seq,
            event.code.code,
            plan,
            event.actor,
            event.received_at,
            why,
            orjson.dumps(facts),
        )
        self._connection.execute(_NOTED, row)
        if event.code.code in _HAND:
            open_ = any(each.waits for each in by_hand(self.notes(plan)))
            self._connection.execute(_HAND_OPEN if open_ else _HAND_SETTLED, (plan,))
        yield plan

    def _stand(self, course: _Course) -> None:
        """Keep how far a plan is, and which of its records are doubtful or don't count."""
        plan, ledgers = course.card.uid, course.ledgers
        for summary in self.summaries("WHERE plan = ?", (plan,)):
            self._connection.execute(_OPEN, (summary.is_open, summary.card.uid))
        for record in course.records:
            found = course.strange.get(record.uid)
            whose = None if found is None else found.is_open
            self._connection.execute(_STRANGE, (whose, record.uid))
        uncounted = {each.record for one in ledgers for each in one.uncounted}
        for record in course.records:
            self._connection.execute(_UNCOUNTED, (record.uid in uncounted, record.uid))
        if not ledgers:
            return
        planned = [each.planned for each in ledgers]
        days = [day for each in ledgers for one in each.fractions for day in one.days]
        whole = None if None in planned else sum(each or 0 for each in planned)
        row = (
            state_of(ledgers),
            whole,
            sum(each.delivered for each in ledgers),
            sum(each.partial for each in ledgers),
            sum(len(each.findings) for each in ledgers),
            max(days, default=""),
            plan,
        )
        self._connection.execute(_STANDING, row)


def _number(card: RecordCard) -> int | None:
    """The fraction that a record names, if it is one."""
    numbers = {each.fraction for each in card.given}
    return numbers.pop() if len(numbers) == 1 else None
