"""What an analyzer's profile says beyond its list of tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from gateway.model import Kind, Retention
from gateway.profile.clock_time import ClockTime
from gateway.profile.model import Point, Profile
from gateway.profile.ucum import dimension

LOINC = "http://loinc.org"
"""Code system of tests that have a LOINC code; the others keep the device's own code."""


NO_UNIT = "(none)"
"""What the work list calls the unit of a number that came without one."""

_UNITLESS = frozenset({"", "1", "[pH]"})

_OF_THE_DEVICE = frozenset({Kind.MEASUREMENT, Kind.STATE})
_EQUIVALENT = re.compile(
    r"(?<![a-z])[munk\u00b5\u03bc]?(?:eq|equiv|val)(?![a-z])|当量", re.IGNORECASE
)
_MOLE = re.compile(r"mol|摩尔", re.IGNORECASE)


class Analyte(Point):
    """One test of an analyzer. The key in `points` is the device's own code.

    `unit` is what the result is stored in. `convert` gives, for other UCUM units that the device
    may be set to, the exact factor to it; a unit that is neither is a question to a person.
    """

    kind: Kind = Kind.RESULT
    convert: Mapping[str, Decimal] = Field(default_factory=dict)

    @field_validator("convert")
    @classmethod
    def _known_units(cls, convert: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
        for unit in convert:
            dimension(unit)
        return convert


class AnalyzerProfile(Profile):
    """An analyzer that sends results by itself.

    `units` spells the device's own units in UCUM (`{"10*9/L": "10*9/L", "个/HP": "/[HPF]"}`) and
    converts nothing: how many moles an equivalent is depends on the charge of what is measured, so
    that is `convert` of each point.
    `unit_missing` says whether a number that comes without one is in the profile's unit
    (`profile`) or a question to a person. `specimen` says what its sample id is: a `barcode`
    identifies the sample for ever; a `daily-number` starts again each day at `day_starts`, so the
    sample is that number of that day at that device. `run_date` says whether a result whose own
    time does not tell that day is a question to a person (`result`) or of the day on which it is
    `received`, for an analyzer that never sends an old one again. `control` is a pattern of sample
    ids that are quality control.
    """

    kind_of_points: ClassVar[Kind | None] = Kind.RESULT
    sent_again: ClassVar[str] = "sent_again"
    """Key of a result's payload, there if its device says that it has sent this before."""
    date_alone: ClassVar[str] = "date"
    """Key of a result's payload: the day of its measurement (ISO 8601), where it has no time."""

    retention: Retention = Retention.RECORD
    points: Mapping[str, Analyte]
    charset: Literal["utf-8", "gb18030", "latin-1", "ascii"] = "utf-8"
    specimen: Literal["barcode", "daily-number"] = "barcode"
    day_starts: ClockTime = time(0, 0)
    run_date: Literal["result", "received"] = "result"
    control: str = Field(default="", description="regular expression of control sample ids")
    units: Mapping[str, str] = Field(default_factory=dict)
    unit_missing: Literal["question", "profile"] = "question"
    flags: Mapping[str, str] = Field(default_factory=dict, description="own flags to HL7 0078")

    def unit_sent(self, code: str, unit: str, number: float | None) -> str:
        """The unit as sent; NO_UNIT where a number lacks one and that is a question."""
        point = self.points.get(code)
        known = number is None or point is None or point.unit in _UNITLESS
        return unit or ("" if known or self.unit_missing == "profile" else NO_UNIT)

    @field_validator("units")
    @classmethod
    def _spelled_in_ucum(cls, units: Mapping[str, str]) -> Mapping[str, str]:
        for own, unit in units.items():
            dimension(unit)
            if _of_other_amount(own, unit) or _of_other_amount(unit, own):
                raise ValueError(
                    f"'{own}' is not another spelling of '{unit}': an equivalent is 1 mole of Na+"
                    " and half a mole of Ca++; spell it in UCUM here (`mEq/L: meq/L`), and give"
                    " each point its factor in `convert`"
                )
        return units

    @model_validator(mode="after")
    def _samples_give_results(self) -> Self:
        """A driver whose profiles say where a sample's id stands sends results of samples.

        One that says nothing of samples may measure: a scale, a probe in a tank.
        """
        of_samples = "specimen_at" in type(self).model_fields
        faults = [
            f"points.{key}.kind: an analyzer's test is a `result`, since each is of another sample;"
            f" a `{point.kind}` is the device's own"
            for key, point in self.points.items()
            if of_samples and point.kind in _OF_THE_DEVICE
        ]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @field_validator("control")
    @classmethod
    def _pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"'{pattern}' is not a regular expression: {error}") from None
        return pattern


def _of_other_amount(equivalent: str, mole: str) -> bool:
    return _EQUIVALENT.search(equivalent) is not None and _MOLE.search(mole) is not None
