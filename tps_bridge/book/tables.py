"""Plans, records and acts on the connection of their projection."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import Any, ClassVar

import apsw
import orjson

from dicom.services import StoredObject, stored_in
from gateway import DeviceEvent, Kind
from gateway.room import ACTION_SYSTEM
from tps_bridge.book.byhand import HandRecord, by_hand
from tps_bridge.book.card import (
    Comparison,
    PlanCard,
    PlanRow,
    RecordCard,
    RecordRow,
    SummaryRow,
    Trouble,
    as_json,
    from_json,
    read,
    said_of,
)
from tps_bridge.book.events import COMPARED, DOSES, PLAN, RECORD, SUMMED, UNREAD, VOLUMES, is_ours
from tps_bridge.book.noted import Act, Note
from tps_bridge.book.schema import SCHEMA
from tps_bridge.book.standing import standing
from tps_bridge.book.whose import Stranger, attributions, strangers
from tps_bridge.ledger import Fraction, FractionState, Ledger, discords
from tps_bridge.plan import DOSE, PLAN_CLASSES, STRUCTURES, DoseGrid, StructureSet
from tps_bridge.record import RECORD_CLASSES, SUMMARY, Summary
from tps_bridge.session.tables import SCHEMA as SESSIONS
from tps_bridge.session.tables import SessionTables

log = logging.getLogger(__name__)

READ = PLAN_CLASSES | RECORD_CLASSES | {STRUCTURES, DOSE, SUMMARY}
"""SOP classes that are read; others are none of the book's business."""

_VOLUMES: Mapping[str, type[StructureSet | DoseGrid]] = {VOLUMES: StructureSet, DOSES: DoseGrid}
_ACTS = frozenset(Act)
_ENDS = frozenset({Act.END, Act.RETIRE})
_HAND = frozenset({Act.GIVE, Act.WITNESS, Act.TAKE_BACK, Act.CONCUR})
_HAND_OPEN = "INSERT OR IGNORE INTO hand_open VALUES(?)"
_HAND_SETTLED = "DELETE FROM hand_open WHERE plan = ?"
_KNOWN = "SELECT blob FROM object WHERE uid = ?"
_OBJECT = "INSERT INTO object VALUES(?,?,?,?,?,?,?,'waiting','')"
_OTHER = "INSERT OR IGNORE INTO other VALUES(?,?,?,?,?)"
_STATE = "UPDATE object SET state = ?, what = ? WHERE uid = ? AND blob = ?"
_PLACE = "SELECT seq, received FROM object WHERE uid = ? AND blob = ?"
_PLAN = """
INSERT INTO plan(uid, patient, issuer, digest, seq, received, card) VALUES(?,?,?,?,?,?,?)
ON CONFLICT(uid) DO UPDATE SET patient = excluded.patient, issuer = excluded.issuer,
  digest = excluded.digest, card = excluded.card
"""
_RECORD = "INSERT OR REPLACE INTO record VALUES(?,?,?,?,?,?,?,NULL,?)"
_STRANGE = "UPDATE record SET strange = ? WHERE uid = ? AND strange IS NOT ?1"
_SUMMARY = "INSERT OR REPLACE INTO summary VALUES(?,?,?,?,1,?)"
_OPEN = "UPDATE summary SET open = ? WHERE uid = ?"
_SUMMARIES = "SELECT card, seq, received FROM summary"
_COMPARED = "INSERT OR REPLACE INTO compared VALUES(?,?,?,?,?,?,?)"
_NOTED = "INSERT INTO noted VALUES(?,?,?,?,?,?,?)"
_STANDING = """
UPDATE plan SET state = ?, planned = ?, delivered = ?, partial = ?, findings = ?, last_day = ?
WHERE uid = ?
"""
_WAITING = """
SELECT uid, blob, size, syntax, sop_class, received FROM object WHERE state = 'waiting'
ORDER BY seq LIMIT ?
"""
_UNCOMPARED = """
SELECT record.uid, record.plan, plan.digest FROM record JOIN plan ON plan.uid = record.plan
LEFT JOIN compared ON compared.record = record.uid
WHERE compared.digest IS NOT plan.digest ORDER BY record.seq LIMIT ?
"""
_FILE = "SELECT blob, size, syntax FROM object WHERE uid = ?"
_PLANS = """
SELECT card, seq, received, state, planned, delivered, partial, findings, last_day FROM plan
"""
_RECORDS = """
SELECT record.card, record.seq, record.received, plan.uid IS NOT NULL,
  compared.record, compared.digest, compared.worst, compared.notes, compared.warnings,
  compared.alarms, compared.what
FROM record LEFT JOIN plan ON plan.uid = record.plan
LEFT JOIN compared ON compared.record = record.uid
"""
_NAMED = """
WHERE record.strange AND record.patient = ?1 AND (record.issuer = ?2 OR '' IN (record.issuer, ?2))
AND NOT (plan.patient = ?1 AND plan.issuer = ?2)
"""
_ALONE = """
SELECT 1 FROM session_record AS told JOIN record ON record.uid = told.record
WHERE record.plan = ? AND told.day = ? AND told.session = '' LIMIT 1
"""
_TROUBLES = """
SELECT uid, sop_class, seq, received, state, what FROM object WHERE state = 'unread'
UNION ALL SELECT uid, sop_class, seq, received, 'conflict', '' FROM other
ORDER BY seq DESC LIMIT ?
"""


class Tables:
    """Used by one thread at a time."""

    format: ClassVar[int] = 11
    schema: ClassVar[str] = SCHEMA + SESSIONS

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.sessions = SessionTables(connection)
        self._turn = 0
        self._touched: dict[str, int] = {}

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Objects, what was read of them, and acts, in order of seq.

        What follows are moves of sessions.
        """
        moved: dict[str, None] = {}
        said: list[DeviceEvent] = []
        for event in events:
            moved.update(dict.fromkeys(self._take(event)))
            said += self._of_sessions(event)
        for plan in moved:
            self._stand(plan)
        self._turn += 1
        self._touched |= dict.fromkeys((*moved, *self.sessions.moved), self._turn)
        self.sessions.moved.clear()
        return said

    def touched(self, since: int) -> tuple[int, frozenset[str]]:
        """The plans that moved after the turn `since` of folding, and which turn it is now.

        Turns begin at 0 with each start.
        """
        plans = (plan for plan, turn in self._touched.items() if turn > since)
        return self._turn, frozenset(plans)

    def waiting(self, limit: int) -> list[tuple[Any, ...]]:
        """Objects to be read, oldest first."""
        return list(self._rows(_WAITING, (limit,)))

    def uncompared(self, limit: int) -> list[tuple[Any, ...]]:
        """Records whose plan is here and that were not compared with what it is now."""
        return list(self._rows(_UNCOMPARED, (limit,)))

    def file(self, uid: str) -> tuple[Any, ...] | None:
        """Digest, size and transfer syntax of an object's file."""
        return next(self._rows(_FILE, (uid,)), None)

    def plans(self, where: str = "", binds: Sequence[Any] = ()) -> list[PlanRow]:
        """Those that came last first."""
        rows = self._rows(f"{_PLANS} {where} ORDER BY seq DESC", binds)
        return [PlanRow(from_json(PlanCard, row[0]), *row[1:]) for row in rows]

    def records(self, where: str, binds: Sequence[Any]) -> list[RecordRow]:
        """In the order of their days."""
        rows = [
            RecordRow(
                from_json(RecordCard, row[0]),
                row[1],
                row[2],
                bool(row[3]),
                None if row[4] is None else Comparison(*row[4:]),
            )
            for row in self._rows(f"{_RECORDS} {where}", binds)
        ]
        return sorted(rows, key=lambda each: (each.card.day, each.seq))

    def notes(self, plan: str) -> list[Note]:
        """What was noted about a plan, oldest first."""
        rows = self._rows("SELECT * FROM noted WHERE plan = ? ORDER BY seq", (plan,))
        return [
            Note(seq, Act(act), of, who, at, why, orjson.loads(facts))
            for seq, act, of, who, at, why, facts in rows
        ]

    def summaries(self, where: str, binds: Sequence[Any] = ()) -> list[SummaryRow]:
        """Those that came last first, each against its ledger as it was then."""
        rows = self._rows(f"{_SUMMARIES} {where} ORDER BY seq DESC", binds)
        return [self._against(from_json(Summary, row[0]), *row[1:]) for row in rows]

    def _against(self, card: Summary, seq: int, received: int) -> SummaryRow:
        plans = self.plans("WHERE uid = ?", (card.plan,))
        if not plans:
            return SummaryRow(card, seq, received, known=False, discords=(), settled=False)
        planned = plans[0].card
        numbers = [each.number for each in planned.facts.groups]
        ledgers = self.ledgers(card.plan, card.until)
        notes = self.notes(card.plan)
        ended = any(each.act in _ENDS and each.seq > seq for each in notes)
        found = discords(card, planned.identity, numbers, ledgers, ended_since=ended)
        settled = any(
            each.act is Act.SETTLE
            and (each.text("object"), each.text("found")) == (card.uid, said_of(found))
            for each in notes
        )
        return SummaryRow(card, seq, received, known=True, discords=found, settled=settled)

    def ledgers(self, plan: str, until: str = "") -> list[Ledger]:
        """The ledger of each fraction group of a plan, of all or of what was given until a day."""
        known = self._known(plan)
        return standing(*known, until) if known else []

    def strangers(self, plan: str) -> Mapping[str, Stranger]:
        """The records of a plan that name another patient, by their UIDs."""
        known = self._known(plan)
        return strangers(*known) if known else {}

    def named_elsewhere(self, patient: str, issuer: str) -> list[RecordRow]:
        """Records that name a person, by this number, and a plan of somebody else.

        Until two people said whose it is. Issuers differ only where both are told.
        """
        return self.records(_NAMED, (patient, issuer))

    def is_alone(self, plan: str, day: str) -> bool:
        """Whether a record of a plan and a day (YYYYMMDD) belongs to no session."""
        return next(self._rows(_ALONE, (plan, day)), None) is not None

    def hand_open(self) -> list[HandRecord]:
        """Records by hand for which a second person is wanted, oldest first."""
        plans = self._rows("SELECT plan FROM hand_open", ())
        found = [each for (plan,) in list(plans) for each in by_hand(self.notes(plan))]
        return sorted((each for each in found if each.waits), key=lambda each: each.seq)

    def structures(self, uid: str) -> StructureSet | None:
        """A structure set in outline."""
        sql = "SELECT card FROM volume WHERE uid = ? AND kind = ?"
        row = next(self._rows(sql, (uid, VOLUMES)), None)
        return None if row is None else from_json(StructureSet, row[0])

    def doses(self, plan: str) -> list[DoseGrid]:
        """The dose grids of a plan."""
        rows = self._rows("SELECT card FROM volume WHERE plan = ? AND plan <> ''", (plan,))
        return [from_json(DoseGrid, row[0]) for row in rows]

    def troubles(self, limit: int) -> list[Trouble]:
        return [Trouble(*row) for row in self._rows(_TROUBLES, (limit,))]

    def _of_sessions(self, event: DeviceEvent) -> list[DeviceEvent]:
        """What an event does to sessions; one that says nothing they understand does nothing."""
        try:
            if is_ours(event) and event.code.code == RECORD:
                return list(self._followed(event))
            if event.kind is Kind.ACTION and event.code.code in {Act.WITNESS, Act.CONCUR}:
                return list(self._agreed(event))
            if event.kind is Kind.ACTION and event.code.code == Act.CONFIRM:
                return list(self._attributed(event))
            return list(self.sessions.take(event))
        except (KeyError, TypeError, ValueError) as error:
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

    def _follow(self, uid: str, event: DeviceEvent) -> Iterator[DeviceEvent]:
        for row in self.records("WHERE record.uid = ?", (uid,)):
            card = row.card
            fractions = [each for one in self.ledgers(card.plan) for each in one.fractions]
            yield from self.sessions.follow(
                fractions,
                event,
                record=uid,
                plan=card.plan,
                verified=None if card.treats else _number(card),
                machine=card.machine,
                day=card.day,
            )

    def _agreed(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        """A record by hand moves its session when two people confirmed it, or took it back."""
        said = event.payload or {}
        plan = str(said["plan"])
        for each in by_hand(self.notes(plan)):
            if each.seq == said["given"] and each.counts:
                yield from self.sessions.follow(
                    [one for ledger in self.ledgers(plan) for one in ledger.fractions],
                    event,
                    record=each.uid,
                    plan=plan,
                    machine=each.machine,
                    day=each.day,
                    who=event.actor,
                )
            elif each.seq == said["given"] and each.back is not None and each.back.second:
                left = self._fraction(plan, each.group, each.fraction)
                yield from self.sessions.unfollow(left, event, each.session, each.back.why)

    def _fraction(self, plan: str, group: int, number: int) -> Fraction | None:
        """A fraction of a group as the ledger has it now."""
        for row in self.plans("WHERE uid = ?", (plan,)):
            for each, ledger in zip(row.card.facts.groups, self.ledgers(plan), strict=True):
                if each.number == group:
                    return next((e for e in ledger.fractions if e.number == number), None)
        return None

    def _known(self, plan: str) -> tuple[PlanCard, list[RecordCard], list[Note]] | None:
        """A plan that is here, its records and what was noted of it."""
        found = self.plans("WHERE uid = ?", (plan,))
        if not found:
            return None
        records = self.records("WHERE record.plan = ?", (plan,))
        return found[0].card, [each.card for each in records], self.notes(plan)

    def _rows(self, sql: str, binds: Sequence[Any]) -> Iterator[Any]:
        return iter(self._connection.execute(sql, binds))

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
            row = (stored.uid, blob.digest, blob.size, syntax, sop_class, *at)
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

    def _stand(self, plan: str) -> None:
        known = self._known(plan)
        if known is None:
            return
        for summary in self.summaries("WHERE plan = ?", (plan,)):
            self._connection.execute(_OPEN, (summary.is_open, summary.card.uid))
        strange = strangers(*known)
        for record in known[1]:
            found = strange.get(record.uid)
            whose = None if found is None else found.is_open
            self._connection.execute(_STRANGE, (whose, record.uid))
        ledgers = standing(*known)
        if not ledgers:
            return
        planned = [each.planned for each in ledgers]
        days = [day for each in ledgers for one in each.fractions for day in one.days]
        whole = None if None in planned else sum(each or 0 for each in planned)
        row = (
            _state(ledgers),
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


def _state(ledgers: Sequence[Ledger]) -> str:
    """That of the first group with something left, else of the last one."""
    left = [
        each
        for each in ledgers
        if any(one.state is not FractionState.DELIVERED for one in each.fractions)
    ]
    return (left or ledgers)[0].state
