"""What a reading means, by the profile of its device; nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from gateway.driver import DeviceEntry
from gateway.keys import EventIds, place_id
from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Quality,
    RawId,
    Reading,
    Source,
    Value,
    judge_clock,
)
from gateway.normalizer.change import ChangeFilter
from gateway.normalizer.laboratory import Laboratory, Samples
from gateway.normalizer.meaning import Finding, Meaning, unknown

_STANDING = frozenset({Kind.MEASUREMENT, Kind.STATE})
"""What stands until it is said anew."""

_DOUBTED = 1 << 31
"""Added to the ordinal of a reading that was not understood: its event stays free for later."""


@dataclass(frozen=True, slots=True)
class Interpretation:
    """The events of a message's readings, in their order, and the readings that gave none.

    `told` are these events and, in their places, one without a value for each finding of a
    measurement or a state: what the point said before is no longer good.
    """

    occurrence: bytes
    events: tuple[DeviceEvent, ...]
    findings: tuple[Finding, ...]
    told: tuple[DeviceEvent, ...]


@dataclass(frozen=True, slots=True)
class PollInterpretation:
    """All events of a poll, those among them that are to be stored, and what was not understood.

    A point's reading that was not understood is an event of no value.
    """

    due: tuple[DeviceEvent, ...]
    events: tuple[DeviceEvent, ...]
    findings: tuple[Finding, ...]


class Interpreter:
    """Interprets the readings of one device."""

    def __init__(self, site: str, driver: str, version: str, entry: DeviceEntry) -> None:
        self._site = site
        self._source = Source(entry.id, driver, version)
        self._simulated = entry.simulated
        self._laboratory = Laboratory.of(entry)
        self._meanings = {
            code: Meaning.of(code, point) for code, point in entry.profile.points.items()
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
        told: list[DeviceEvent] = []
        findings: list[Finding] = []
        ordinals: dict[str, int] = {}
        ids, message = EventIds(occurrence), self._message(raw_ids, received_at)
        for given in readings:
            code = given.code
            ordinal = ordinals.get(code, 0)
            ordinals[code] = ordinal + 1
            meaning = self._meanings.get(code)
            understood = message.understand(given, meaning)
            if isinstance(understood, Finding):
                findings.append(understood)
                if meaning is not None and meaning.kind in _STANDING:
                    identity = ids.of(code, ordinal | _DOUBTED)
                    told.append(message.event(message.doubted(given, meaning), identity))
            else:
                event = message.event(understood, ids.of(code, ordinal))
                events.append(event)
                told.append(event)
        return Interpretation(occurrence, tuple(events), tuple(findings), tuple(told))

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
        poll = self._message(raw_ids, received_at)
        for given in readings:
            meaning = self._meanings.get(given.code)
            understood = poll.understand(given, meaning)
            if isinstance(understood, Finding):
                findings.append(understood)
                if meaning is None:
                    continue
                understood = poll.doubted(given, meaning)
            code = understood.meaning.coding.code
            store = changes.take(code, understood.value, understood.quality, received_at)
            event = poll.event(understood, place_id(occurrence, len(due)) if store else b"")
            events.append(event)
            if store:
                due.append(event)
        return PollInterpretation(tuple(due), tuple(events), tuple(findings))

    def _message(self, raw_ids: Sequence[RawId], received_at: Instant) -> _Message:
        return _Message(
            self._site,
            self._source,
            self._laboratory,
            raw_ids,
            received_at,
            simulated=self._simulated,
        )


class _Understood(NamedTuple):
    """A reading in the terms of its point."""

    reading: Reading
    meaning: Meaning
    value: Value | None
    quality: Quality
    observed_at: Instant
    clock: ClockQuality


class _Message:
    """What the readings of one message or poll have in common."""

    def __init__(
        self,
        site: str,
        source: Source,
        laboratory: Laboratory | None,
        raw_ids: Sequence[RawId],
        received_at: Instant,
        *,
        simulated: bool,
    ) -> None:
        self._site, self._source, self._simulated = site, source, simulated
        self._samples = None if laboratory is None else Samples(laboratory)
        self._raw_ids = raw_ids
        self._received_at = received_at
        self._said: Instant | None = None
        self._judged = judge_clock(None, received_at)

    def understand(self, reading: Reading, meaning: Meaning | None) -> _Understood | Finding:
        """The reading in the terms of its point, or why it waits for a person."""
        if meaning is None:
            return unknown(reading)
        if reading.observed_at != self._said:
            self._said = reading.observed_at
            self._judged = judge_clock(self._said, self._received_at)
        observed_at, clock = self._judged
        if self._samples is not None and meaning.analyte is not None:
            normalized = self._samples.normalize(reading, meaning.analyte, self._received_at)
            if isinstance(normalized, Finding):
                return normalized
            reading = normalized
        doubt = meaning.doubt(reading)
        if doubt is not None:
            return doubt
        value, quality = meaning.value(reading), meaning.quality(reading)
        return _Understood(reading, meaning, value, quality, observed_at, clock)

    def doubted(self, reading: Reading, meaning: Meaning) -> _Understood:
        """A reading that was not understood: that its point was heard, and has no value."""
        blank = replace(reading, text="", number=None, operator=None, flags=(), range_text="")
        return _Understood(blank, meaning, None, Quality.BAD, *self._judged)

    def event(self, understood: _Understood, identity: bytes) -> DeviceEvent:
        reading, meaning, value, quality, observed_at, clock = understood
        raw_ids = self._raw_ids
        # By position: that takes half the time, and there are thousands in a second.
        return DeviceEvent(
            identity,
            self._site,
            self._source,
            meaning.kind,
            meaning.coding,
            value,
            meaning.unit,
            self._received_at,
            observed_at,
            clock,
            quality,
            reading.status,
            raw_ids[reading.wire] if raw_ids else None,
            self._simulated,
            reading.subject,
            "",
            b"",
            b"",
            reading.flags,
            reading.range_text,
            None,
            None,
            reading.payload,
        )
