"""The device event: one normalized fact, immutable; corrections are further events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.model.swift import swift
from gateway.model.terms import ClockQuality, Kind, Laterality, Operator, Quality, Status
from gateway.model.time import Instant
from gateway.model.wire import RawId


@swift
@dataclass(frozen=True, slots=True)
class Source:
    """Who says so: the device, and the driver and profile that understood it."""

    device: str
    driver: str = ""
    version: str = ""


@swift
@dataclass(frozen=True, slots=True)
class Coding:
    """A code in a code system (FHIR Coding). `system` is a URI."""

    system: str
    code: str


@swift
@dataclass(frozen=True, slots=True)
class Value:
    """What was measured or stated.

    `text` holds the digits or words as the device sent them (register values: the exact decimal
    of the scaled register). `number` is for arithmetic and is None for words. `code` is a coded
    answer.
    """

    text: str
    number: float | None = None
    operator: Operator | None = None
    code: Coding | None = None


@swift
@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what the fact is about. An identifier without its issuer identifies nobody."""

    patient: str = ""
    issuer: str = ""
    specimen: str = ""
    order: str = ""
    session: str = ""
    laterality: Laterality | None = None


@swift
@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """One fact. FHIR Observation semantics; CloudEvents names at the API.

    `id` is 16 bytes derived from what the fact is (`gateway.keys.event_id`), so that the same
    fact sent twice has the same id. `seq` is given by the store; 0 means not stored. `flags` are
    interpretation codes (HL7 v2 table 0078), `range_text` the reference range as sent.
    """

    id: bytes
    site: str
    source: Source
    kind: Kind
    code: Coding
    value: Value | None
    unit: str
    received_at: Instant
    observed_at: Instant
    clock: ClockQuality = ClockQuality.GATEWAY
    quality: Quality = Quality.GOOD
    status: Status = Status.FINAL
    raw_id: RawId | None = None
    simulated: bool = False
    subject: Subject | None = None
    actor: str = ""
    caused_by: bytes = b""
    supersedes: bytes = b""
    flags: tuple[str, ...] = ()
    range_text: str = ""
    range_low: float | None = None
    range_high: float | None = None
    payload: Mapping[str, Any] | None = None
    seq: int = 0

    def stored_as(self, seq: int) -> DeviceEvent:
        """The event with the seq that the store gave it; as `replace`, at half its cost."""
        return DeviceEvent(
            self.id,
            self.site,
            self.source,
            self.kind,
            self.code,
            self.value,
            self.unit,
            self.received_at,
            self.observed_at,
            self.clock,
            self.quality,
            self.status,
            self.raw_id,
            self.simulated,
            self.subject,
            self.actor,
            self.caused_by,
            self.supersedes,
            self.flags,
            self.range_text,
            self.range_low,
            self.range_high,
            self.payload,
            seq,
        )
