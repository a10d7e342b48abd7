"""What can be asked of plans and records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dicom.services import Blob
from gateway import Kind
from gateway.projection import Projection
from gateway.room import Keyring
from tps_bridge.book.byhand import HandRecord
from tps_bridge.book.card import PlanCard, PlanRow, RecordRow, SummaryRow, Trouble
from tps_bridge.book.corrected import Adrift
from tps_bridge.book.noted import Note
from tps_bridge.book.tables import Tables
from tps_bridge.book.whose import Stranger
from tps_bridge.ledger import Ledger, PlannedGroup
from tps_bridge.plan import DoseGrid, StructureSet
from tps_bridge.session.session import Session
from tps_bridge.session.tables import Taken

_ALONE = """
WHERE plan.uid IS NOT NULL AND record.strange IS NULL AND record.uid IN (
  SELECT record FROM session_record AS told WHERE session = ''
  AND day >= (SELECT min(day) FROM session WHERE session.machine = told.machine)
)
"""
_DOUBTED = """
WHERE plan.uid IS NOT NULL AND record.verification IN ('NOT_VERIFIED', 'VERIFIED_OVR')
AND NOT EXISTS (
  SELECT 1 FROM noted WHERE noted.plan = record.plan AND noted.act = 'tps.settle'
  AND json_extract(CAST(noted.facts AS TEXT), '$.object') = record.uid
)
"""
_KINDS = frozenset({Kind.OBJECT, Kind.ACTION, Kind.SESSION})


class Book(Projection[Tables]):
    """Plans, records and their ledgers, a moment behind the event store.

    Every method may raise StoreError.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._news = asyncio.Event()
        self.watch(self._news.set)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, ring: Keyring) -> AsyncIterator[Book]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, _KINDS) as book:
            yield book

    async def news(self) -> None:
        """Wait until something that may concern the book came since this was last awaited."""
        await self._news.wait()
        self._news.clear()

    async def waiting(self, limit: int) -> Sequence[tuple[Any, ...]]:
        """Objects to be read: UID, digest, size, transfer syntax, SOP class, receive time."""
        return await self.ask(lambda tables: tables.waiting(limit))

    async def uncompared(self, limit: int) -> Sequence[tuple[str, str, str]]:
        """Records to be compared: their UID, that of the plan, and the plan's digest."""
        return await self.ask(lambda tables: tables.uncompared(limit))

    async def file(self, uid: str) -> tuple[Blob, str] | None:
        """The file of an object that is read here, and its transfer syntax."""
        found = await self.ask(lambda tables: tables.file(uid))
        return None if found is None else (Blob(found[0], found[1]), found[2])

    async def plans(self) -> Sequence[PlanRow]:
        """All plans, those that came last first."""
        return await self.ask(lambda tables: tables.plans())

    async def plan(self, uid: str) -> PlanRow | None:
        found = await self.ask(lambda tables: tables.plans("WHERE uid = ?", (uid,)))
        return found[0] if found else None

    async def of_patient(self, patient: str, issuer: str) -> Sequence[PlanRow]:
        """The plans of a person under one number."""
        where = "WHERE patient = ? AND issuer = ?"
        return await self.ask(lambda tables: tables.plans(where, (patient, issuer)))

    async def records(self, plan: str) -> Sequence[RecordRow]:
        """The records that name a plan, by day."""
        where = "WHERE record.plan = ?"
        return await self.ask(lambda tables: tables.records(where, (plan,)))

    async def record(self, uid: str) -> RecordRow | None:
        found = await self.ask(lambda tables: tables.records("WHERE record.uid = ?", (uid,)))
        return found[0] if found else None

    async def strays(self) -> Sequence[RecordRow]:
        """Records whose plan is not here."""
        return await self.ask(lambda tables: tables.records("WHERE plan.uid IS NULL", ()))

    async def strangers(self, plan: str) -> Sequence[Stranger]:
        """The records of a plan that name another patient, and what was said of them."""
        return list((await self.ask(lambda tables: tables.strangers(plan))).values())

    async def named_elsewhere(self, patient: str, issuer: str) -> Sequence[RecordRow]:
        """Records of other people's plans that name a person, until two people said whose it is."""
        return await self.ask(lambda tables: tables.named_elsewhere(patient, issuer))

    async def strange(self) -> Sequence[RecordRow]:
        """Records that name another patient than their plan, until two people said whose it is."""
        return await self.ask(lambda tables: tables.records("WHERE record.strange", ()))

    async def adrift(self, patient: str, issuer: str) -> Sequence[Adrift]:
        """Records that name a person and no plan, and those of theirs that were not read."""
        return await self.ask(lambda tables: tables.adrift(patient, issuer))

    async def uncounted(self) -> Sequence[RecordRow]:
        """Records that don't tell all that they gave, until two people established it."""
        return await self.ask(lambda tables: tables.records("WHERE record.uncounted", ()))

    async def ledgers(self, plan: str) -> Sequence[Ledger]:
        """The ledger of each fraction group of a plan."""
        return await self.ask(lambda tables: tables.ledgers(plan))

    async def groups(self, card: PlanCard) -> Sequence[tuple[PlannedGroup, Ledger]]:
        """The fraction groups of a plan, each with its ledger."""
        return list(zip(card.facts.groups, await self.ledgers(card.uid), strict=True))

    async def ledger(self, card: PlanCard, group: int) -> Ledger | None:
        """The ledger of a fraction group; None where the plan has no group of this number."""
        groups = await self.groups(card)
        return next((ledger for each, ledger in groups if each.number == group), None)

    async def notes(self, plan: str) -> Sequence[Note]:
        """What was noted about a plan, oldest first."""
        return await self.ask(lambda tables: tables.notes(plan))

    async def hand_open(self) -> Sequence[HandRecord]:
        """Records by hand for which a second person is wanted, oldest first."""
        return await self.ask(lambda tables: tables.hand_open())

    async def structures(self, uid: str) -> StructureSet | None:
        """A structure set in outline."""
        return await self.ask(lambda tables: tables.structures(uid))

    async def doses(self, plan: str) -> Sequence[DoseGrid]:
        """The dose grids of a plan, in outline."""
        return await self.ask(lambda tables: tables.doses(plan))

    async def touched(self, since: int) -> tuple[int, frozenset[str]]:
        """The plans that moved after the turn `since` (0 with each start), and the turn of now."""
        return await self.ask(lambda tables: tables.touched(since))

    async def session(self, id_: str) -> Session | None:
        return await self.ask(lambda tables: tables.sessions.session(id_))

    async def session_of(self, item: str) -> Session | None:
        """The session that a work item is for."""
        return await self.ask(lambda tables: tables.sessions.of_item(item))

    async def sessions_of(self, appointment: str) -> Sequence[Session]:
        """The sessions that were made of an appointment."""
        return await self.ask(lambda tables: tables.sessions.of_appointment(appointment))

    async def sessions(self, plan: str) -> Sequence[Session]:
        """The sessions of a plan, by time."""
        return await self.ask(lambda tables: tables.sessions.of_plan(plan))

    async def due(self, first: int, end: int) -> Sequence[Session]:
        """The sessions due from one moment (µs) to before another."""
        return await self.ask(lambda tables: tables.sessions.between(first, end))

    async def open_sessions(self) -> Sequence[Session]:
        """Those that may still be treated."""
        return await self.ask(lambda tables: tables.sessions.open())

    async def beams_alone(self, first: int, end: int) -> Sequence[tuple[str, int]]:
        """How often the beam of each machine came on without a session, in a span of time (µs)."""
        return await self.ask(lambda tables: tables.sessions.beams_alone(first, end))

    async def left_sessions(self) -> Sequence[Session]:
        """Those that were called off and are still a work item."""
        return await self.ask(lambda tables: tables.sessions.left())

    async def untold(self, plan: str) -> Sequence[Session]:
        """Sessions of a plan that were begun, and of which nothing tells yet all that they gave."""
        return await self.ask(lambda tables: tables.untold(plan))

    async def untold_since(self, first: int) -> Sequence[Session]:
        """Those of all plans that were due since a moment (µs), ended, and are not told whole."""
        return await self.ask(lambda tables: tables.sessions.untold(first))

    async def session_steps(self, id_: str) -> Sequence[Taken]:
        return await self.ask(lambda tables: tables.sessions.steps(id_))

    async def session_records(self, id_: str) -> Sequence[str]:
        """The UIDs of the records that a session left."""
        return await self.ask(lambda tables: tables.sessions.records(id_))

    async def records_alone(self) -> Sequence[RecordRow]:
        """Records of known plans without a session, of days since their machine has sessions."""
        return await self.ask(lambda tables: tables.records(_ALONE, ()))

    async def summaries(self, plan: str) -> Sequence[SummaryRow]:
        """The summaries that name a plan, each against its ledger."""
        return await self.ask(lambda tables: tables.summaries("WHERE plan = ?", (plan,)))

    async def open_summaries(self) -> Sequence[SummaryRow]:
        """Those that need a person."""
        return await self.ask(lambda tables: tables.summaries("WHERE open"))

    async def doubted(self) -> Sequence[RecordRow]:
        """Records that say of a beam that its settings were out of range, until somebody looked."""
        return await self.ask(lambda tables: tables.records(_DOUBTED, ()))

    async def is_alone(self, plan: str, day: str) -> bool:
        """Whether a record of a plan and a day (YYYYMMDD) belongs to no session."""
        return await self.ask(lambda tables: tables.is_alone(plan, day))

    async def troubles(self, limit: int = 100) -> Sequence[Trouble]:
        """Objects for a person: unreadable, or another content under a known UID."""
        return await self.ask(lambda tables: tables.troubles(limit))
