"""Each configured device as the intake sees it: its rules, and what it remembers of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.driver import DeviceEntry, DriverType, LinkEntry
from gateway.keys import occurrence_id
from gateway.model import (
    DeviceEvent,
    Instant,
    Kind,
    Micros,
    Publication,
    Quality,
    Quarantined,
    QuarantineReason,
    RawId,
    Reading,
    Retention,
)
from gateway.normalizer import ChangeFilter, Finding, Interpretation, Interpreter

_POINT_KINDS = frozenset({Kind.MEASUREMENT, Kind.STATE, Kind.RESULT})


@dataclass(frozen=True, slots=True)
class Channel:
    """One device. `known_findings` are the faults of its polls, by code, that were told already."""

    site: str
    entry: DeviceEntry
    interpreter: Interpreter
    changes: ChangeFilter
    known_findings: dict[str, set[tuple[QuarantineReason, str]]]

    @property
    def retention(self) -> Retention:
        return self.entry.profile.retention

    def interpret(
        self, publication: Publication, raw_ids: Sequence[RawId], received_at: Instant
    ) -> Interpretation:
        """What a publication means now."""
        occurrence = occurrence_id(self.site, publication.device, publication.occurrence)
        return self.interpreter.interpret(publication.readings, raw_ids, received_at, occurrence)

    def quarantined(
        self, link: str, finding: Finding, raw_ids: Sequence[RawId], now: Instant
    ) -> Quarantined:
        """The work list's entry of a finding."""
        return Quarantined(
            raw_ids[finding.reading.wire],
            link,
            self.entry.id,
            finding.reason,
            finding.subject,
            finding.detail,
            now,
        )

    def new(self, findings: Sequence[Finding], readings: Sequence[Reading]) -> Sequence[Finding]:
        """A poll's findings that are told for the first time since their points read well."""
        if not findings and not self.known_findings:
            return ()
        faulty = {finding.reading.code for finding in findings}
        for reading in readings:
            if reading.code not in faulty and reading.quality is not Quality.BAD:
                self.known_findings.pop(reading.code, None)
        return [finding for finding in findings if self._is_new(finding)]

    def forget(self) -> None:
        """Tell and store everything again at the next poll: it could not be committed."""
        self.changes.forget()
        self.known_findings.clear()

    def _is_new(self, finding: Finding) -> bool:
        told = self.known_findings.setdefault(finding.reading.code, set())
        key = (finding.reason, finding.subject)
        known = key in told
        told.add(key)
        return not known


class Channels:
    """The devices of the configuration."""

    def __init__(self, site: str, heartbeat: Micros) -> None:
        self._site, self._heartbeat = site, heartbeat
        self._channels: dict[str, Channel] = {}
        self._record_links: frozenset[str] = frozenset()

    def get(self, device: str) -> Channel | None:
        return self._channels.get(device)

    def configure(self, links: Sequence[LinkEntry], drivers: Mapping[str, DriverType]) -> None:
        """Take over the devices of a configuration; unchanged ones keep what they remember."""
        self._channels = {
            entry.id: self._known(entry) or self._channel(drivers[link.driver], entry)
            for link in links
            for entry in link.devices
        }
        self._record_links = frozenset(
            link.id
            for link in links
            if any(entry.profile.retention is Retention.RECORD for entry in link.devices)
        )

    def retention(self, device: str, link: str) -> Retention:
        """The class in which a device's facts are kept; unattributed bytes as the link's records.

        A link's journal then commits in one transaction, whoever its records are from.
        """
        channel = self._channels.get(device)
        if channel is not None:
            return channel.retention
        return Retention.RECORD if link in self._record_links else Retention.TELEMETRY

    def is_current(self, event: DeviceEvent) -> bool:
        """Whether a latest value is one of a point that is still configured."""
        channel = self._channels.get(event.source.device)
        if channel is None:
            return event.kind is Kind.SYSTEM
        return event.kind not in _POINT_KINDS or channel.interpreter.knows(event.code)

    def _known(self, entry: DeviceEntry) -> Channel | None:
        known = self._channels.get(entry.id)
        return known if known is not None and known.entry == entry else None

    def _channel(self, driver: DriverType, entry: DeviceEntry) -> Channel:
        interpreter = Interpreter(self._site, driver.name, driver.version, entry)
        return Channel(self._site, entry, interpreter, ChangeFilter(entry, self._heartbeat), {})
