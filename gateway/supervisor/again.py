"""Reads quarantined messages again, after a profile, a mapping or devices.yaml was mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.driver import DeviceEntry, DriverType, LinkEntry
from gateway.errors import ProtocolViolation
from gateway.keys import occurrence_id
from gateway.model import (
    DeviceEvent,
    Instant,
    Publication,
    Quarantined,
    QuarantineReason,
    RawId,
    WireRecord,
    sentence,
)
from gateway.normalizer import Finding, Interpretation, Interpreter
from gateway.store import LONG_AGO, Batch, EventStore, Message, QuarantineEntry
from gateway.supervisor.session import session_of

_OPEN = 10_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which open entries are meant; None leaves a property open."""

    device: str | None = None
    reason: QuarantineReason | None = None
    subject: str | None = None
    link: str | None = None
    ids: frozenset[int] = frozenset()

    def fits(self, waiting: QuarantineEntry) -> bool:
        entry = waiting.entry
        return (
            self.device in (None, entry.device)
            and self.reason in (None, entry.reason)
            and self.subject in (None, entry.subject)
            and self.link in (None, entry.link)
            and (not self.ids or waiting.id in self.ids)
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """What an entry's message says by a link as it might be; nothing was stored.

    `waits` says why the entry would go on waiting, if it would.
    """

    entry: QuarantineEntry
    events: tuple[DeviceEvent, ...] = ()
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What reading one entry again gave: how many events were added, or why it still waits.

    `moved` counts what came to light and now waits under a reason of its own.
    """

    entry: QuarantineEntry
    events: int = 0
    waits: str = ""
    moved: int = 0


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A message as far as it is understood; `waits` is about the entry itself."""

    found: tuple[tuple[DeviceEntry, Publication, Interpretation], ...] = ()
    waits: str = ""

    @property
    def events(self) -> tuple[DeviceEvent, ...]:
        return tuple(event for _, _, each in self.found for event in each.events)


class Again:
    """Reads entries again over the links that it is given."""

    def __init__(self, site: str, store: EventStore) -> None:
        self._site = site
        self._store = store

    async def preview(self, entry: QuarantineEntry, link: LinkEntry, driver: DriverType) -> Trial:
        """What `read` would add by this link; nothing is stored."""
        meaning = await self._meaning(entry, link, driver)
        return Trial(entry, meaning.events, meaning.waits)

    async def read(
        self, entry: QuarantineEntry, link: LinkEntry, driver: DriverType, actor: str
    ) -> Outcome:
        """Interpret an entry's message, commit its events, then note that nobody need look.

        An entry waits as long as what it is about is not understood. What else is found in its
        message waits as an entry of its own, and does not hold this one. Events that are known
        already stay one, so after a failure (StoreError) it is done again.
        """
        meaning = await self._meaning(entry, link, driver)
        if not meaning.found:
            return Outcome(entry, waits=meaning.waits)
        further = await self._further(entry, meaning)
        device = meaning.found[0][0]
        messages = tuple(
            Message(each.occurrence, each.events) for _, _, each in meaning.found if each.events
        )
        batch = Batch(device.profile.retention, messages=messages, quarantine=further)
        receipt = await self._store.submit(batch, LONG_AGO)
        if not meaning.waits:
            await self._store.resolve(entry.id, actor=actor, note="interpreted again")
        return Outcome(entry, len(receipt.seqs), meaning.waits, len(further))

    async def _meaning(
        self, entry: QuarantineEntry, link: LinkEntry, driver: DriverType
    ) -> _Meaning:
        if driver.interpret is None:
            return _Meaning(
                waits=sentence("driver {driver} can't read messages again", driver=driver.name)
            )
        records = await self._session(entry)
        received = {record.raw_id: record.at for record in records}
        devices = {device.id: device for device in link.devices}
        found = []
        try:
            for publication in driver.interpret(link, records, entry.entry.raw_id):
                device = devices.get(publication.device)
                if device is None:
                    return _Meaning(
                        waits=sentence(
                            "devices.yaml has no device {device}", device=publication.device
                        )
                    )
                at = received[publication.raw_ids[-1]]
                found.append(
                    (device, publication, self._interpret(device, driver, publication, at))
                )
        except ProtocolViolation as error:
            return _Meaning(waits=str(error))
        if not found:
            return _Meaning(waits=sentence("no message is complete in it"))
        own = [
            finding.detail
            for _, _, each in found
            for finding in each.findings
            if (finding.reason, finding.subject) == (entry.entry.reason, entry.entry.subject)
        ]
        return _Meaning(tuple(found), "; ".join(dict.fromkeys(own)))

    def _interpret(
        self, device: DeviceEntry, driver: DriverType, publication: Publication, at: Instant
    ) -> Interpretation:
        interpreter = Interpreter(self._site, driver.name, driver.version, device)
        occurrence = occurrence_id(self._site, device.id, publication.occurrence)
        return interpreter.interpret(publication.readings, publication.raw_ids, at, occurrence)

    async def _further(self, entry: QuarantineEntry, meaning: _Meaning) -> tuple[Quarantined, ...]:
        """What was found beside the entry's own matter and does not wait yet."""
        found = {
            (raw_id, finding.reason, finding.subject): Quarantined(
                raw_id,
                entry.entry.link,
                device.id,
                finding.reason,
                finding.subject,
                finding.detail,
                entry.entry.at,
            )
            for device, publication, each in meaning.found
            for finding, raw_id in _placed(each.findings, publication.raw_ids)
        }
        if not found:
            return ()
        waiting = await self._store.quarantine(
            device=meaning.found[0][0].id, open_only=True, limit=_OPEN
        )
        for each in (entry, *waiting):
            other = each.entry
            found.pop((other.raw_id, other.reason, other.subject), None)
        own = (entry.entry.reason, entry.entry.subject)
        return tuple(each for each in found.values() if (each.reason, each.subject) != own)

    async def _session(self, entry: QuarantineEntry) -> Sequence[WireRecord]:
        record = await self._store.record(entry.entry.raw_id)
        return () if record is None else await session_of(self._store, record)


def _placed(
    findings: Sequence[Finding], raw_ids: Sequence[RawId]
) -> Sequence[tuple[Finding, RawId]]:
    return [(finding, raw_ids[finding.reading.wire]) for finding in findings]
