"""What can be read of plans, records and acts on the connection of their projection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apsw
import orjson

from tps_bridge.book.byhand import HandRecord, by_hand
from tps_bridge.book.card import (
    Comparison,
    PlanCard,
    PlanRow,
    RecordCard,
    RecordRow,
    SummaryRow,
    Trouble,
    from_json,
    said_of,
)
from tps_bridge.book.corrected import Adrift
from tps_bridge.book.events import VOLUMES
from tps_bridge.book.noted import Act, Note
from tps_bridge.book.standing import standing
from tps_bridge.book.whose import Stranger, strangers
from tps_bridge.ledger import FindingKind, Ledger, discords
from tps_bridge.plan import DoseGrid, StructureSet
from tps_bridge.record import RECORD_CLASSES, Summary

_ENDS = frozenset({Act.END, Act.RETIRE})
_FILE = "SELECT blob, size, syntax FROM object WHERE uid = ?"
_SUMMARIES = "SELECT card, seq, received FROM summary"
_PLANS = """
SELECT card, seq, received, state, planned, delivered, partial, findings, last_day FROM plan
"""
_RECORDS = """
SELECT record.card, record.seq, record.received, plan.uid IS NOT NULL,
  compared.record, compared.digest, compared.worst, compared.notes, compared.warnings,
  compared.alarms, compared.what, compared.untold
FROM record LEFT JOIN plan ON plan.uid = record.plan
LEFT JOIN compared ON compared.record = record.uid
"""
_NAMED = """
WHERE record.strange AND record.patient = ?1 AND (record.issuer = ?2 OR '' IN (record.issuer, ?2))
AND NOT (plan.patient = ?1 AND plan.issuer = ?2)
"""
_UNREAD = f"""
SELECT uid, state, seq, received FROM object
WHERE state IN ('unread', 'waiting') AND patient = ?1 AND (issuer = ?2 OR '' IN (issuer, ?2))
AND sop_class IN {tuple(sorted(RECORD_CLASSES))} ORDER BY seq
"""  # noqa: S608 - constants
_WHY = {"unread": FindingKind.UNREAD, "waiting": FindingKind.WAITING}
_PLANLESS = """
WHERE record.plan = '' AND record.patient = ?1 AND (record.issuer = ?2 OR '' IN (record.issuer, ?2))
"""
_ALONE = """
SELECT 1 FROM session_record AS told JOIN record ON record.uid = told.record
WHERE record.plan = ? AND told.day = ? AND told.session = '' LIMIT 1
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
_TROUBLES = """
SELECT uid, sop_class, seq, received, state, what FROM object WHERE state = 'unread'
UNION ALL SELECT uid, sop_class, seq, received, 'conflict', '' FROM other
ORDER BY seq DESC LIMIT ?
"""


class Rows:
    """Used by one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

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
        known = self.known(plan)
        return standing(*known, until) if known else []

    def strangers(self, plan: str) -> Mapping[str, Stranger]:
        """The records of a plan that name another patient, by their UIDs."""
        known = self.known(plan)
        return strangers(*known) if known else {}

    def named_elsewhere(self, patient: str, issuer: str) -> list[RecordRow]:
        """Records that name a person, by this number, and a plan of somebody else.

        Until two people said whose it is. Issuers differ only where both are told.
        """
        return self.records(_NAMED, (patient, issuer))

    def adrift(self, patient: str, issuer: str) -> list[Adrift]:
        """Records that name a person and no plan, and those of theirs that were not read.

        Issuers differ only where both are told.
        """
        number = (patient, issuer)
        planless = [
            Adrift(each.card.uid, FindingKind.PLANLESS, each.seq, each.received, each.card)
            for each in self.records(_PLANLESS, number)
            if each.card.treats
        ]
        unread = self._rows(_UNREAD, number)
        return [*planless, *(Adrift(uid, _WHY[state], *at) for uid, state, *at in unread)]

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

    def known(self, plan: str) -> tuple[PlanCard, list[RecordCard], list[Note]] | None:
        """A plan that is here, its records and what was noted of it."""
        found = self.plans("WHERE uid = ?", (plan,))
        if not found:
            return None
        records = self.records("WHERE record.plan = ?", (plan,))
        return found[0].card, [each.card for each in records], self.notes(plan)

    def _rows(self, sql: str, binds: Sequence[Any]) -> Iterator[Any]:
        return iter(self._connection.execute(sql, binds))
