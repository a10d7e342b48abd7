"""What a reading means, by the profile of its device; nothing is guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.driver import DeviceEntry
from gateway.keys import event_id
from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Quality,
    QuarantineReason,
    RawId,
    Reading,
    Source,
    Value,
)
from gateway.profile import Point

_AHEAD = 5 * 60 * 1_000_000
_BEHIND = 31 * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A reading that waits for a person. `subject` is what the work list groups by."""

    reading: Reading
    reason: QuarantineReason
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Interpretation:
    """The events of some readings, in their order, and the readings that gave none."""

    events: tuple[DeviceEvent, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Meaning:
    point: Point
    coding: Coding
    states: dict[str, Coding]


class Interpreter:
    """Interprets the readings of one device."""

    def __init__(self, site: str, driver: str, version: str, entry: DeviceEntry) -> None:
        self._site = site
        self._source = Source(entry.id, driver, version)
        self._simulated = entry.simulated
        self._meanings = {
            code: _meaning(code, point) for code, point in entry.profile.points.items()
        }

    def interpret(
        self,
        readings: Sequence[Reading],
        raw_ids: Sequence[RawId],
        received_at: Instant,
        occurrence: bytes,
    ) -> Interpretation:
        """Events of `readings`; `occurrence` is their `occurrence_id`.

        A reading's raw id is the one that its `wire` index names among `raw_ids`. Several
        readings of one code are told apart by their order.
        """
        events: list[DeviceEvent] = []
        findings: list[Finding] = []
        ordinals: dict[str, int] = {}
        for reading in readings:
            meaning = self._meanings.get(reading.code)
            finding = _finding(reading, meaning)
            if finding is not None or meaning is None:
                findings.append(finding or _unknown(reading))
                continue
            ordinal = ordinals.get(reading.code, 0)
            ordinals[reading.code] = ordinal + 1
            identity = event_id(occurrence, meaning.coding.system, meaning.coding.code, ordinal)
            raw_id = raw_ids[reading.wire] if raw_ids else None
            events.append(self._event(identity, reading, meaning, raw_id, received_at))
        return Interpretation(tuple(events), tuple(findings))

    def _event(
        self,
        identity: bytes,
        reading: Reading,
        meaning: _Meaning,
        raw_id: RawId | None,
        received_at: Instant,
    ) -> DeviceEvent:
        observed_at, clock = judge_clock(reading.observed_at, received_at)
        return DeviceEvent(
            id=identity,
            site=self._site,
            source=self._source,
            kind=meaning.point.kind,
            code=meaning.coding,
            value=_value(reading, meaning),
            unit=meaning.point.unit,
            received_at=received_at,
            observed_at=observed_at,
            clock=clock,
            quality=_quality(reading, meaning.point),
            status=reading.status,
            raw_id=raw_id,
            simulated=self._simulated,
        )


def judge_clock(observed_at: Instant | None, received_at: Instant) -> tuple[Instant, ClockQuality]:
    """When it happened, and how far to believe it.

    A device's time more than 5 minutes ahead of ours or 31 days behind is kept as SUSPECT: a
    queue may deliver late by days, a dead clock battery shows years.
    """
    if observed_at is None:
        return received_at, ClockQuality.GATEWAY
    if -_BEHIND <= observed_at - received_at <= _AHEAD:
        return observed_at, ClockQuality.DEVICE
    return observed_at, ClockQuality.SUSPECT


def _meaning(code: str, point: Point) -> _Meaning:
    coding = Coding(point.system, point.code or code)
    states = {text: Coding(point.system, word) for text, word in point.states.items()}
    return _Meaning(point, coding, states)


def _unknown(reading: Reading) -> Finding:
    detail = f"the profile has no point {reading.code!r}; the device sent {reading.text!r}"
    return Finding(reading, QuarantineReason.UNKNOWN_CODE, reading.code, detail)


def _finding(reading: Reading, meaning: _Meaning | None) -> Finding | None:
    if meaning is None:
        return _unknown(reading)
    point = meaning.point
    if reading.unit and reading.unit != point.unit:
        detail = f"{reading.code} came in {reading.unit!r}, the profile says {point.unit!r}"
        return Finding(reading, QuarantineReason.UNKNOWN_UNIT, reading.unit, detail)
    if reading.quality is Quality.BAD:
        return None
    if meaning.states and reading.text not in meaning.states:
        detail = f"{reading.code} has no state {reading.text!r}"
        return Finding(reading, QuarantineReason.UNKNOWN_CODE, reading.text, detail)
    if point.kind is Kind.MEASUREMENT and reading.number is None:
        detail = f"{reading.code} should be a number, the device sent {reading.text!r}"
        return Finding(reading, QuarantineReason.UNREADABLE, reading.code, detail)
    return None


def _value(reading: Reading, meaning: _Meaning) -> Value | None:
    if not reading.text:
        return None
    return Value(reading.text, reading.number, reading.operator, meaning.states.get(reading.text))


def _quality(reading: Reading, point: Point) -> Quality:
    number = reading.number
    if number is None or reading.quality is Quality.BAD:
        return reading.quality
    if not math.isfinite(number):
        return Quality.BAD
    too_low = point.low is not None and number < point.low
    too_high = point.high is not None and number > point.high
    return Quality.UNCERTAIN if too_low or too_high else reading.quality
