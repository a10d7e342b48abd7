"""What a point of a profile makes of a reading. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model import Coding, Kind, Quality, QuarantineReason, Reading, Value, sentence
from gateway.profile import Analyte, Point


@dataclass(frozen=True, slots=True)
class Finding:
    """A reading that waits for a person. `subject` is what the work list groups by."""

    reading: Reading
    reason: QuarantineReason
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """A point, made ready for its readings. `analyte`: the same point, if it is an analyzer's."""

    coding: Coding
    kind: Kind
    unit: str
    low: float | None
    high: float | None
    states: Mapping[str, Coding]
    analyte: Analyte | None

    @classmethod
    def of(cls, code: str, point: Point) -> Meaning:
        return cls(
            coding=Coding(point.system, point.code or code),
            kind=point.kind,
            unit=point.unit,
            low=point.low,
            high=point.high,
            states={text: Coding(point.system, word) for text, word in point.states.items()},
            analyte=point if isinstance(point, Analyte) else None,
        )

    def doubt(self, reading: Reading) -> Finding | None:
        """Why a reading can't be taken for a value of this point, if it can't."""
        if reading.unit and reading.unit != self.unit:
            return self._in_other_unit(reading)
        if reading.quality is Quality.BAD:
            return None
        if self.states and reading.text not in self.states:
            detail = sentence(
                "{code} has no state {text}", code=reading.code, text=repr(reading.text)
            )
            return Finding(reading, QuarantineReason.UNKNOWN_CODE, reading.text, detail)
        if self.kind is Kind.MEASUREMENT and reading.number is None:
            return _no_number(reading)
        return None

    def _in_other_unit(self, reading: Reading) -> Finding:
        if self.analyte is not None and reading.unit in self.analyte.convert:
            return _no_number(reading)
        detail = sentence(
            "{code} came in {unit}, the profile says {ours}",
            code=reading.code,
            unit=repr(reading.unit),
            ours=repr(self.unit),
        )
        return Finding(reading, QuarantineReason.UNKNOWN_UNIT, reading.unit, detail)

    def value(self, reading: Reading) -> Value | None:
        text = reading.text
        if not text:
            return None
        code = self.states.get(text) if self.states else None
        return Value(text, reading.number, reading.operator, code)

    def quality(self, reading: Reading) -> Quality:
        """That of the reading, unless its number is none or out of all bounds."""
        number, quality = reading.number, reading.quality
        if number is None or quality is Quality.BAD:
            return quality
        if not math.isfinite(number):
            return Quality.BAD
        too_low = self.low is not None and number < self.low
        too_high = self.high is not None and number > self.high
        return Quality.UNCERTAIN if too_low or too_high else quality


def unknown(reading: Reading) -> Finding:
    """The finding of a reading that no point of its profile is for."""
    detail = sentence(
        "the profile has no point {code}; the device sent {text}",
        code=reading.code,
        text=repr(reading.text),
    )
    return Finding(reading, QuarantineReason.UNKNOWN_CODE, reading.code, detail)


def _no_number(reading: Reading) -> Finding:
    detail = sentence(
        "{code} should be a number, the device sent {text}",
        code=reading.code,
        text=repr(reading.text),
    )
    return Finding(reading, QuarantineReason.UNREADABLE, reading.code, detail)
