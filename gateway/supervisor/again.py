"""Reads quarantined messages again, after their profile or devices.yaml was mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.driver import DriverType, LinkEntry
from gateway.errors import ProtocolViolation
from gateway.model import Direction, WireRecord
from gateway.normalizer import Interpretation
from gateway.store import LONG_AGO, Batch, EventStore, Message, QuarantineEntry
from gateway.supervisor.intake import Intake

_SESSION = 2_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What reading one entry again gave: how many events were added, or why it still waits."""

    entry: QuarantineEntry
    events: int = 0
    waits: str = ""


class Again:
    """Reads entries again over the links as they are configured now."""

    def __init__(self, store: EventStore, intake: Intake) -> None:
        self._store = store
        self._intake = intake

    async def read(
        self, entry: QuarantineEntry, link: LinkEntry, driver: DriverType, actor: str
    ) -> Outcome:
        """Interpret an entry's message, commit its events, then note that nobody need look.

        Events that are known already stay one, so after a failure (StoreError) it is done again.
        """
        if driver.interpret is None:
            return Outcome(entry, waits=f"driver {driver.name} can't read messages again")
        records = await self._session(entry, link)
        received = {record.raw_id: record.at for record in records}
        try:
            found = [
                self._intake.interpret(publication, received[publication.raw_ids[-1]])
                for publication in driver.interpret(link, records, entry.entry.raw_id)
            ]
        except ProtocolViolation as error:
            return Outcome(entry, waits=str(error))
        return await self._commit(entry, found, actor)

    async def _commit(
        self, entry: QuarantineEntry, found: Sequence[Interpretation], actor: str
    ) -> Outcome:
        messages = tuple(Message(each.occurrence, each.events) for each in found if each.events)
        device = messages[0].events[0].source.device if messages else entry.entry.device
        retention = self._intake.retention(device)
        receipt = await self._store.submit(Batch(retention, messages=messages), LONG_AGO)
        waits = [finding.detail for each in found for finding in each.findings]
        if waits or not found:
            why = "; ".join(waits) or "no message is complete in it"
            return Outcome(entry, len(receipt.seqs), why)
        await self._store.resolve(entry.id, actor=actor, note="interpreted again")
        return Outcome(entry, len(receipt.seqs))

    async def _session(self, entry: QuarantineEntry, link: LinkEntry) -> Sequence[WireRecord]:
        """What came in in the session of the entry's record, oldest first.

        Of a session longer than is read at once, only what came up to that record.
        """
        raw_id = entry.entry.raw_id
        record = await self._store.record(raw_id)
        if record is None:
            return ()
        name = record.session
        session = await self._store.records(link=link.id, session=name, limit=_SESSION)
        if session and session[-1].raw_id > raw_id:
            session = await self._store.records(
                link=link.id, session=name, before=raw_id + 1, limit=_SESSION
            )
        return [each for each in reversed(session) if each.direction is Direction.IN]
