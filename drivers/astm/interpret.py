"""What a message says, by the profile of the analyzer that sent it. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from drivers.astm.profile import Place
from drivers.astm.records import Record
from drivers.astm.rules import REPORTS, SENT_BEFORE, Rules
from drivers.astm.times import parse_date, parse_time
from gateway import (
    TIME_OF,
    Instant,
    Operator,
    ProtocolViolation,
    Quality,
    Reading,
    Status,
    Subject,
    sentence,
)

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
_NOTES = frozenset("CM")

_ELSEWHERE: Mapping[str, frozenset[int]] = {
    "P": frozenset({1, 2}),
    "O": frozenset({1, 2, 5}),
    "R": frozenset({1, 2, 3, 5, 6, 7, 13}),
}
"""Fields that a reading holds elsewhere, that count records, or that repeat what they say."""

_R_FIELDS = 13
_SHORT = 32
"""Digits that no float is too small for."""


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


def interpret(records: Sequence[Record], rules: Rules) -> Said:
    """The readings of a whole message, in order; `wire` is the index of a result's frame.

    ProtocolViolation for a message that is no results although it is whole: training and
    debugging (H-12), or broken off by its sender (L-3).
    """
    header, last = records[0], records[-1]
    _refuse_others(header, last)
    reader = _Reader(rules, header)
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

    def __init__(self, rules: Rules, header: Record) -> None:
        self._rules = rules
        self._dated = header.text(14)
        self._patient: Record | None = None
        self._order: Record | None = None
        self._subject: Subject | None = None
        self._kept: dict[str, dict[str, Any]] = {"H": {}}
        self._shared: dict[str, Any] = {}
        self._control = self._all_control = header.text(12).upper() == "Q"
        self.measured = self.sampled = False

    def readings(self, records: Sequence[Record]) -> Iterator[Reading]:
        """One reading a result. Comments and manufacturer's records belong to what they follow."""
        result: dict[str, Any] | None = None
        for record in records:
            if record.kind == "R":
                reading, result = self._reading(record)
                yield reading
            elif result is not None and record.kind in _NOTES:
                _note(result, "R", record)
            else:
                self._take(record)
                result = None

    def _take(self, record: Record) -> None:
        rules = self._rules
        match record.kind:
            case "P":
                self._patient, self._order = record, None
                self._kept = {"H": self._kept["H"], "P": _rest(record, rules.patient)}
            case "O":
                self._order = record
                self._kept["O"] = _rest(record, rules.specimen)
            case "C" | "M":
                level = list(self._kept)[-1]
                _note(self._kept[level], level, record)
        self._subject = self._whose()
        self._control = self._all_control or self._is_control()
        self._shared = {key: value for kept in self._kept.values() for key, value in kept.items()}

    def _whose(self) -> Subject | None:
        rules, patient, order = self._rules, self._patient, self._order
        who = patient.text(*rules.patient[1:]) if patient else ""
        specimen = order.text(*rules.specimen[1:]) if order else ""
        number = order.text(*rules.order[1:]) if order and rules.order else ""
        self.sampled = self.sampled or bool(specimen)
        if not (who or specimen or number):
            return None
        return Subject(who, rules.issuer if who else "", specimen, number)

    def _is_control(self) -> bool:
        """Whether the order (O-12) says that it is quality control, as H-12 does for a message."""
        return self._order is not None and "Q" in map(str.upper, self._order.repeats(12))

    def _status(self, word: str) -> Status:
        """By R-9; where that is empty by the report type of the order, if that says anything."""
        rules, order = self._rules, self._order
        report = order.text(26).upper() if order and not word and rules.by_order else ""
        return REPORTS.get(report) or rules.statuses.get(word, Status.PRELIMINARY)

    def _reading(self, record: Record) -> tuple[Reading, dict[str, Any]]:
        """A result and its payload, which takes the notes that follow."""
        rules, texts = self._rules, record.texts(_R_FIELDS)
        sent = texts[3] if rules.plain_value else _value_of(record, rules)
        operator, text, number = _split_number(sent)
        word, code = texts[8].upper(), _code_of(record, rules)
        completed = texts[12] or texts[11]
        if completed:
            self.measured = True
        observed_at = self._observed_at(completed)
        payload = self._beside(record, code, text)
        if word == SENT_BEFORE:
            payload[rules.profile.sent_again] = True
        if observed_at is None and texts[12]:
            payload["R-13"] = texts[12]
        if observed_at is None and (date := parse_date(completed)):
            payload[rules.profile.date_alone] = date
        elif observed_at is not None and not completed:
            payload[TIME_OF] = "H-14"
        return (
            Reading(
                code,
                text,
                number,
                texts[4] or rules.profile.unit_sent(code, "", number),
                observed_at,
                Quality.UNCERTAIN if word == "W" else Quality.GOOD,
                Status.QC if self._control else self._status(word),
                operator,
                record.frame,
                self._subject,
                _flags(record, texts[6]),
                texts[5],
                payload,
            ),
            payload,
        )

    def _beside(self, record: Record, code: str, text: str) -> dict[str, Any]:
        """What a result and those above it say beside its reading, by field, as sent."""
        payload, fields = self._shared.copy(), record.fields
        for name, field in zip(_names("R", len(fields)), fields, strict=True):
            if field and name:
                payload[name] = field
        if payload.get("R-4") == text:
            del payload["R-4"]
        if payload.get("R-9") in _PLAIN:
            del payload["R-9"]
        named = record.raw(3)
        if named != code and named.strip(f"{record.delimiters.component} ") != code:
            payload["R-3"] = named
        return payload

    def _observed_at(self, completed: str) -> Instant | None:
        """The first time that is given: of the result (R-13, R-12), else of the message (H-14).

        One that is given and can't be read stays in the payload; no other stands in for it.
        """
        given = completed or self._dated
        return parse_time(given, self._rules.zone) if given else None


def _value_of(record: Record, rules: Rules) -> str:
    return next(filter(None, [record.text(*at[1:]) for at in rules.value]), "")


def _code_of(record: Record, rules: Rules) -> str:
    places = rules.code
    if len(places) == 1:
        return record.text(places[0].field, places[0].component) or record.text(3)
    code = "^".join([record.text(*at[1:]) for at in places]).rstrip("^")
    return code or record.text(3)


def _flags(record: Record, text: str) -> tuple[str, ...]:
    if not text or (record.plain and record.delimiters.repeat not in text):
        return (text,) if text else ()
    return record.repeats(7)


def _split_number(sent: str) -> tuple[Operator | None, str, float | None]:
    """Operator, digits and number of `<0.5`; words stay whole."""
    if len(sent) < _SHORT and sent.isascii() and sent.replace(".", "", 1).isdigit():
        return None, sent, float(sent)
    match = _NUMBER.fullmatch(sent)
    number = float(match[2]) if match else math.inf
    if match is None or not math.isfinite(number):
        return None, sent, None
    return _OPERATORS.get(match[1] or ""), match[2], number


def _rest(record: Record, taken: Place | None = None) -> dict[str, Any]:
    """The fields that hold something and have no other place, as sent."""
    names = _names(record.kind, len(record.fields))
    kept: dict[str, Any] = {
        name: field for name, field in zip(names, record.fields, strict=True) if field and name
    }
    name = "" if taken is None else f"{taken.kind}-{taken.field}"
    if taken is not None and kept.get(name) == record.text(*taken[1:]):
        kept.pop(name, None)
    return kept


@lru_cache(maxsize=256)
def _names(kind: str, count: int) -> Sequence[str]:
    """The names of a record's fields; those that are elsewhere have none."""
    own = _ELSEWHERE[kind]
    return ["" if number in own else f"{kind}-{number}" for number in range(1, count + 1)]


def _note(kept: dict[str, Any], level: str, record: Record) -> None:
    """Keep a comment's text or a manufacturer's record; a long one is cut, its bytes stay whole."""
    text = record.text(4) if record.kind == "C" else record.line
    longest = _LONGEST[record.kind]
    if len(text) > longest:
        text = f"{text[:longest]}… ({len(text)} characters)"
    notes = kept.get(f"{level}-{record.kind}", ())
    if text and len(notes) < _MOST:
        kept[f"{level}-{record.kind}"] = (*notes, text)
