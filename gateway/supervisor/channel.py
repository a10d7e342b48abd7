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
    Quarantined,
    QuarantineReason,
    RawId,
    Retention,
)
from gateway.normalizer import ChangeFilter, Finding, Interpretation, Interpreter

_POINT_KINDS = frozenset({Kind.MEASUREMENT, Kind.STATE, Kind.RESULT})


@dataclass(frozen=True, slots=True)
class Channel:
    """One device. `known_findings` are the faults of its polls that were told already."""

    site: str
    entry: DeviceEntry
    interpreter: Interpreter
    changes: ChangeFilter
    known_findings: set[tuple[QuarantineReason, str]]

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

    def is_new(self, finding: Finding) -> bool:
        """Whether a poll's finding is told for the first time: it repeats with every poll."""
        key = (finding.reason, finding.subject)
        known = key in self.known_findings
        self.known_findings.add(key)
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
        return Channel(self._site, entry, interpreter, ChangeFilter(entry, self._heartbeat), set())
