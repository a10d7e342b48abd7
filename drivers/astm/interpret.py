"""What a message says, by the profile of the analyzer that sent it. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from drivers.astm.profile import AstmDevice, AstmProfile, Place
from drivers.astm.records import Record
from drivers.astm.times import parse_time
from gateway import (
    TIME_OF,
    DeviceEntry,
    Instant,
    Operator,
    ProtocolViolation,
    Quality,
    Reading,
    Status,
    Subject,
    sentence,
)

_STATUSES = {
    "": Status.FINAL,
    "F": Status.FINAL,
    "V": Status.FINAL,
    "R": Status.FINAL,
    "M": Status.FINAL,
    "Q": Status.FINAL,
    "C": Status.CORRECTED,
    "P": Status.PRELIMINARY,
    "S": Status.PRELIMINARY,
    "I": Status.PRELIMINARY,
    "W": Status.PRELIMINARY,
    "X": Status.CANCELLED,
}
"""LIS2-A2 9.9. A word that it doesn't know is preliminary: a person sees it, nobody acts on it."""

_PLAIN = frozenset("FPCX")
"""Words of R-9 that a reading's status says as well."""

_NUMBER = re.compile(
    r"(<=|>=|<|>|≤|≥)?\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)"
)
_OPERATORS = {
    "<": Operator.LESS,
    "<=": Operator.AT_MOST,
    "≤": Operator.AT_MOST,
    ">": Operator.GREATER,
    ">=": Operator.AT_LEAST,
    "≥": Operator.AT_LEAST,
}
_BROKEN_OFF = {
    "T": sentence("the message was broken off by its sender (L-3 is T)"),
    "R": sentence("the message was broken off by its receiver (L-3 is R)"),
    "E": sentence("the message was broken off by an error (L-3 is E)"),
}
_NO_RESULTS = {
    "T": sentence("a message for training (H-12 is T)"),
    "D": sentence("a message for debugging (H-12 is D)"),
}
_LONGEST = {"C": 1024, "M": 120}
"""Characters of a comment and of a manufacturer's record that go into an event's payload."""

_MOST = 32

_ELSEWHERE: Mapping[str, frozenset[int]] = {
    "P": frozenset({1, 2}),
    "O": frozenset({1, 2, 5}),
    "R": frozenset({1, 2, 3, 5, 6, 7, 13}),
}
"""Fields that a reading holds elsewhere, that count records, or that repeat what they say."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one message says.

    `measured`: a result carries its own time; `dated`: the message does; `sampled`: it names a
    sample.
    """

    readings: tuple[Reading, ...]
    measured: bool
    dated: bool
    sampled: bool


def interpret(records: Sequence[Record], entry: DeviceEntry) -> Said:
    """The readings of a whole message, in order; `wire` is the index of a result's frame.

    ProtocolViolation for a message that is no results although it is whole: training and
    debugging (H-12), or broken off by its sender (L-3).
    """
    header, last = records[0], records[-1]
    _refuse_others(header, last)
    reader = _Reader(entry, header)
    readings = tuple(reader.readings(records[1:-1]))
    return Said(readings, reader.measured, bool(header.text(14)), reader.sampled)


def _refuse_others(header: Record, last: Record) -> None:
    purpose = header.text(12).upper()
    if purpose in _NO_RESULTS:
        raise ProtocolViolation(_NO_RESULTS[purpose])
    code = last.text(3).upper()
    if code in _BROKEN_OFF:
        raise ProtocolViolation(_BROKEN_OFF[code])


class _Reader:
    """Reads the records between H and L of one message."""

    def __init__(self, entry: DeviceEntry, header: Record) -> None:
        if not isinstance(entry.profile, AstmProfile) or not isinstance(entry.options, AstmDevice):
            raise TypeError(f"{entry.id}: not a device of the astm driver")
        self._profile = entry.profile
        self._places = _Places.of(entry.profile)
        self._issuer = entry.options.patient_issuer
        self._zone = _zone(entry.profile.zone or entry.zone)
        self._statuses = {**_STATUSES, **self._profile.statuses}
        self._header = header
        self._patient: Record | None = None
        self._order: Record | None = None
        self._subject: Subject | None = None
        self._kept: dict[str, dict[str, Any]] = {"H": {}}
        self._shared: dict[str, Any] = {}
        self._control = header.text(12).upper() == "Q"
        self.measured = self.sampled = False

    def readings(self, records: Sequence[Record]) -> Iterator[Reading]:
        """One reading a result. Comments and manufacturer's records belong to what they follow."""
        at = 0
        while at < len(records):
            record = records[at]
            at += 1
            if record.kind != "R":
                self._take(record)
                continue
            beside = at
            while at < len(records) and records[at].kind in "CM":
                at += 1
            yield self._reading(record, records[beside:at])

    def _take(self, record: Record) -> None:
        match record.kind:
            case "P":
                self._patient, self._order = record, None
                self._kept = {"H": self._kept["H"], "P": _rest(record, self._places.patient)}
            case "O":
                self._order = record
                self._kept["O"] = _rest(record, self._places.specimen)
            case "C" | "M":
                level = list(self._kept)[-1]
                _note(self._kept[level], level, record)
        self._subject = self._whose()
        self._shared = {key: value for kept in self._kept.values() for key, value in kept.items()}

    def _whose(self) -> Subject | None:
        places, patient, order = self._places, self._patient, self._order
        who = patient.text(*places.patient[1:]) if patient else ""
        specimen = order.text(*places.specimen[1:]) if order else ""
        number = order.text(*places.order[1:]) if order and places.order else ""
        self.sampled = self.sampled or bool(specimen)
        if not (who or specimen or number):
            return None
        return Subject(who, self._issuer if who else "", specimen, number)

    def _reading(self, record: Record, beside: Sequence[Record]) -> Reading:
        sent = next(filter(None, [record.text(*at[1:]) for at in self._places.value]), "")
        operator, text, number = _split_number(sent)
        status = record.text(9).upper()
        said = self._statuses.get(status, Status.PRELIMINARY)
        payload: dict[str, Any] = {}
        code = self._code_of(record)
        reading = Reading(
            code=code,
            text=text,
            number=number,
            unit=self._profile.unit_sent(code, record.text(5), number),
            observed_at=self._observed_at(record),
            quality=Quality.UNCERTAIN if status == "W" else Quality.GOOD,
            status=Status.QC if self._is_control() else said,
            operator=operator,
            wire=record.frame,
            subject=self._subject,
            flags=record.repeats(7),
            range_text=record.text(6),
            payload=payload,
        )
        payload.update(self._payload(record, beside, reading))
        return reading

    def _code_of(self, record: Record) -> str:
        code = "^".join([record.text(*at[1:]) for at in self._places.code]).rstrip("^")
        return code or record.text(3)

    def _observed_at(self, record: Record) -> Instant | None:
        """The first time that is given: of the result (R-13, R-12), else of the message (H-14).

        One that is given and can't be read stays in the payload; no other stands in for it.
        """
        given = record.text(13) or record.text(12)
        self.measured = self.measured or bool(given)
        if given:
            return parse_time(given, self._zone)
        sent = self._header.text(14)
        return parse_time(sent, self._zone) if sent else None

    def _is_control(self) -> bool:
        """Whether the message (H-12) or the order (O-12) says that it is quality control."""
        return self._control or (self._order is not None and self._order.text(12).upper() == "Q")

    def _payload(self, record: Record, beside: Sequence[Record], said: Reading) -> dict[str, Any]:
        """What has no field of its own, by its number in the standard; never a bare repetition."""
        payload = {**self._shared, **_rest(record)}
        if payload.get("R-4") == said.text:
            del payload["R-4"]
        if record.raw(3).strip(f"{record.delimiters.component} ") != said.code:
            payload["R-3"] = record.raw(3).strip()
        if payload.get("R-9") in _PLAIN:
            del payload["R-9"]
        completed = record.text(13)
        if said.observed_at is None and completed:
            payload["R-13"] = completed
        elif said.observed_at is not None and not (completed or record.text(12)):
            payload[TIME_OF] = "H-14"
        for each in beside:
            _note(payload, "R", each)
        return payload


@dataclass(frozen=True, slots=True)
class _Places:
    code: tuple[Place, ...]
    value: tuple[Place, ...]
    specimen: Place
    patient: Place
    order: Place | None

    @classmethod
    def of(cls, profile: AstmProfile) -> _Places:
        return cls(
            tuple(map(Place.of, profile.code_at)),
            tuple(map(Place.of, profile.value_at)),
            Place.of(profile.specimen_at),
            Place.of(profile.patient_at),
            Place.of(profile.order_at) if profile.order_at else None,
        )


def _split_number(sent: str) -> tuple[Operator | None, str, float | None]:
    """Operator, digits and number of `<0.5`; words stay whole."""
    match = _NUMBER.fullmatch(sent)
    number = float(match[2]) if match else math.inf
    if match is None or not math.isfinite(number):
        return None, sent, None
    return _OPERATORS.get(match[1] or ""), match[2], number


def _rest(record: Record, taken: Place | None = None) -> dict[str, Any]:
    """The fields that hold something and have no other place."""
    own = _ELSEWHERE[record.kind]
    said = (taken.field, record.text(*taken[1:])) if taken else (0, "")
    return {
        f"{record.kind}-{number}": text
        for number, raw in enumerate(record.fields, 1)
        if raw and number not in own and (text := raw.strip()) and (number, text) != said
    }


def _note(kept: dict[str, Any], level: str, record: Record) -> None:
    """Keep a comment's text or a manufacturer's record; a long one is cut, its bytes stay whole."""
    text = record.text(4) if record.kind == "C" else record.line
    longest = _LONGEST[record.kind]
    if len(text) > longest:
        text = f"{text[:longest]}… ({len(text)} characters)"
    notes = kept.get(f"{level}-{record.kind}", ())
    if text and len(notes) < _MOST:
        kept[f"{level}-{record.kind}"] = (*notes, text)


@lru_cache(maxsize=32)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
