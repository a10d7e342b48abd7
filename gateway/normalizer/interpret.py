"""What a reading means, by the profile of its device; nothing is guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.driver import DeviceEntry
from gateway.keys import event_id, place_id
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
    sentence,
)
from gateway.normalizer.change import ChangeFilter
from gateway.normalizer.laboratory import Laboratory
from gateway.profile import Analyte, Point

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
    """The events of a message's readings, in their order, and the readings that gave none."""

    occurrence: bytes
    events: tuple[DeviceEvent, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PollInterpretation:
    """All events of a poll, those among them that are to be stored, and what gave none."""

    due: tuple[DeviceEvent, ...]
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
        self._laboratory = Laboratory.of(entry)
        self._meanings = {
            code: _meaning(code, point) for code, point in entry.profile.points.items()
        }

    def knows(self, code: Coding) -> bool:
        """Whether a point is stored under `code`."""
        return any(meaning.coding == code for meaning in self._meanings.values())

    def interpret(
        self,
        readings: Sequence[Reading],
        raw_ids: Sequence[RawId],
        received_at: Instant,
        occurrence: bytes,
    ) -> Interpretation:
        """Events of a message's `readings`; `occurrence` is its `occurrence_id`.

        A reading's raw id is the one that its `wire` index names among `raw_ids`. Several
        readings of one code are told apart by their order, those that give no event included. An
        event is identified by the device's own code, so that a message which is interpreted again
        after its profile was mended gives the same ids, and more of them.
        """
        events: list[DeviceEvent] = []
        findings: list[Finding] = []
        ordinals: dict[str, int] = {}
        for given in readings:
            ordinal = ordinals.get(given.code, 0)
            ordinals[given.code] = ordinal + 1
            reading = self._understood(given, received_at)
            if isinstance(reading, Finding):
                findings.append(reading)
                continue
            identity = event_id(occurrence, reading.code, ordinal)
            meaning = self._meanings[reading.code]
            judged = _value(reading, meaning), _quality(reading, meaning.point)
            raw_id = raw_ids[reading.wire] if raw_ids else None
            events.append(self._event(identity, reading, judged, raw_id, received_at))
        return Interpretation(occurrence, tuple(events), tuple(findings))

    def interpret_poll(
        self,
        readings: Sequence[Reading],
        raw_ids: Sequence[RawId],
        received_at: Instant,
        occurrence: bytes,
        changes: ChangeFilter,
    ) -> PollInterpretation:
        """Events of one poll's `readings`, and those of them that `changes` wants stored.

        Only these have an id: their place in the stored poll.
        """
        due: list[DeviceEvent] = []
        events: list[DeviceEvent] = []
        findings: list[Finding] = []
        for given in readings:
            reading = self._understood(given, received_at)
            if isinstance(reading, Finding):
                findings.append(reading)
                continue
            meaning = self._meanings[reading.code]
            judged = _value(reading, meaning), _quality(reading, meaning.point)
            store = changes.take(meaning.coding.code, *judged, received_at)
            identity = place_id(occurrence, len(due)) if store else b""
            raw_id = raw_ids[reading.wire] if raw_ids else None
            event = self._event(identity, reading, judged, raw_id, received_at)
            events.append(event)
            if store:
                due.append(event)
        return PollInterpretation(tuple(due), tuple(events), tuple(findings))

    def _understood(self, reading: Reading, received_at: Instant) -> Reading | Finding:
        """The reading in the terms of its point, or why it waits for a person."""
        meaning = self._meanings.get(reading.code)
        if meaning is None:
            return _unknown(reading)
        if self._laboratory is not None and isinstance(meaning.point, Analyte):
            at, clock = judge_clock(reading.observed_at, received_at)
            trusted = at if clock is ClockQuality.DEVICE else received_at
            reading = self._laboratory.normalize(reading, meaning.point, trusted) or reading
        return _finding(reading, meaning) or reading

    def _event(
        self,
        identity: bytes,
        reading: Reading,
        judged: tuple[Value | None, Quality],
        raw_id: RawId | None,
        received_at: Instant,
    ) -> DeviceEvent:
        meaning = self._meanings[reading.code]
        observed_at, clock = judge_clock(reading.observed_at, received_at)
        value, quality = judged
        return DeviceEvent(
            id=identity,
            site=self._site,
            source=self._source,
            kind=meaning.point.kind,
            code=meaning.coding,
            value=value,
            unit=meaning.point.unit,
            received_at=received_at,
            observed_at=observed_at,
            clock=clock,
            quality=quality,
            status=reading.status,
            raw_id=raw_id,
            simulated=self._simulated,
            subject=reading.subject,
            flags=reading.flags,
            range_text=reading.range_text,
            payload=reading.payload,
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
    detail = sentence(
        "the profile has no point {code}; the device sent {text}",
        code=reading.code,
        text=repr(reading.text),
    )
    return Finding(reading, QuarantineReason.UNKNOWN_CODE, reading.code, detail)


def _finding(reading: Reading, meaning: _Meaning) -> Finding | None:
    point = meaning.point
    if reading.unit and reading.unit != point.unit:
        detail = sentence(
            "{code} came in {unit}, the profile says {ours}",
            code=reading.code,
            unit=repr(reading.unit),
            ours=repr(point.unit),
        )
        return Finding(reading, QuarantineReason.UNKNOWN_UNIT, reading.unit, detail)
    if reading.quality is Quality.BAD:
        return None
    if meaning.states and reading.text not in meaning.states:
        detail = sentence("{code} has no state {text}", code=reading.code, text=repr(reading.text))
        return Finding(reading, QuarantineReason.UNKNOWN_CODE, reading.text, detail)
    if point.kind is Kind.MEASUREMENT and reading.number is None:
        detail = sentence(
            "{code} should be a number, the device sent {text}",
            code=reading.code,
            text=repr(reading.text),
        )
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
