"""Reads quarantined messages again, after their profile or devices.yaml was mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.driver import DriverType, LinkEntry
from gateway.errors import ProtocolViolation
from gateway.model import Direction, Instant, Publication, RawId, WireRecord
from gateway.store import Batch, EventStore, QuarantineEntry, Resolution
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
        """Interpret an entry's message; its events and its resolution commit together.

        Events that are known already stay one. StoreError: nothing changed.
        """
        if driver.interpret is None:
            return Outcome(entry, waits=f"driver {driver.name} can't read messages again")
        records = await self._session(entry, link)
        try:
            publications = driver.interpret(link, records, entry.entry.raw_id)
        except ProtocolViolation as error:
            return Outcome(entry, waits=str(error))
        if not publications:
            return Outcome(entry, waits="no message is complete in what was received")
        word = Resolution(entry.id, self._intake.clock.now(), actor, "interpreted again")
        received = {record.raw_id: record.at for record in records}
        return await self._commit(entry, publications, received, word)

    async def _commit(
        self,
        entry: QuarantineEntry,
        publications: Sequence[Publication],
        received: Mapping[RawId, Instant],
        word: Resolution,
    ) -> Outcome:
        found = [self._intake.interpret(each, received[each.raw_ids[-1]]) for each in publications]
        waits = [finding.detail for each in found for finding in each.findings]
        if waits:
            return Outcome(entry, waits="; ".join(waits))
        events = tuple(event for each in found for event in each.events)
        batch = Batch(
            self._intake.retention(entry.entry.device), events=events, resolutions=(word,)
        )
        receipt = await self._store.append(batch)
        return Outcome(entry, events=len(receipt.seqs))

    async def _session(self, entry: QuarantineEntry, link: LinkEntry) -> Sequence[WireRecord]:
        """What came in before the entry's record in its session, and that record, oldest first."""
        raw_id = entry.entry.raw_id
        record = await self._store.record(raw_id)
        if record is None:
            return ()
        session = await self._store.records(
            link=link.id, session=record.session, before=raw_id + 1, limit=_SESSION
        )
        return [each for each in reversed(session) if each.direction is Direction.IN]
