"""What an analyzer's profile adds to a result: unit, sample, quality control, flags. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from gateway.driver import DeviceEntry
from gateway.model import Instant, Reading, Status, Subject
from gateway.normalizer.meaning import Finding
from gateway.normalizer.rundate import day_of, run_date, undated
from gateway.profile import NO_UNIT, Analyte, AnalyzerProfile

AS_SENT = "as_sent"
"""Key of an event's payload that holds value, unit and range before a conversion."""

_WITHDRAWN = frozenset({Status.CANCELLED, Status.ENTERED_IN_ERROR})


@dataclass(frozen=True, slots=True)
class Laboratory:
    """One analyzer's rules."""

    device: str
    zone: ZoneInfo
    profile: AnalyzerProfile

    @classmethod
    def of(cls, entry: DeviceEntry) -> Laboratory | None:
        """The rules of a device whose profile is an analyzer's, else None."""
        profile = entry.profile
        if not isinstance(profile, AnalyzerProfile):
            return None
        return cls(entry.id, ZoneInfo(entry.zone), profile)

    def in_unit(self, reading: Reading, point: Analyte) -> Reading | None:
        """The reading in the point's unit; None if its own is unknown.

        Words are the same in any unit (`----`, `not measurable`). Those in which a number may
        stand (`8.5*`, `10-20`) can't be converted: they keep their unit, in UCUM, unless they are
        withdrawn.
        """
        if not reading.unit:
            return reading
        if reading.unit == NO_UNIT and self.profile.unit_missing == "profile":
            return replace(reading, unit="")
        unit = self.profile.units.get(reading.unit, reading.unit)
        if unit == point.unit:
            return reading if unit == reading.unit else replace(reading, unit=unit)
        factor = point.convert.get(unit)
        if factor is None:
            return None
        if factor != 1 and _may_hide_number(reading):
            return replace(reading, unit=unit)
        return _converted(reading, factor, point.unit)

    def is_control(self, specimen: str) -> bool:
        """Whether a sample is quality control by its number."""
        pattern = self.profile.control
        return bool(pattern and specimen) and re.fullmatch(pattern, specimen) is not None

    def run_date(self, reading: Reading, received_at: Instant) -> str | None:
        """The day that belongs to a result's sample number; None if that is uncertain.

        Empty where the number is a barcode, or there is none. Runs of a control stand each for
        itself, so that the day of reception is good enough for one.
        """
        specimen = reading.subject.specimen if reading.subject else ""
        if self.profile.specimen == "barcode" or not specimen:
            return ""
        day = run_date(reading, received_at, self.profile, self.zone)
        if not day and (reading.status is Status.QC or self.is_control(specimen)):
            return day_of(received_at, self.profile, self.zone)
        return day or None

    def unique(self, subject: Subject, day: str) -> Subject:
        """A sample number that starts again each day gets its device and run date."""
        if not day:
            return subject
        return replace(subject, specimen=f"{self.device}/{day}/{subject.specimen}")


class Samples:
    """An analyzer's rules for the results of one message, which mostly are of one sample."""

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self._flags = laboratory.profile.flags
        self._said: Subject | None = None
        self._day = ""
        self._subject: Subject | None = None
        self._control = False

    def normalize(
        self, reading: Reading, point: Analyte, received_at: Instant
    ) -> Reading | Finding:
        """The reading in the point's unit, its sample made unique, its flags in HL7's words.

        A reading that says all this already, or whose unit is unknown, is given back as it is. A
        finding if nobody knows of which day its sample is.
        """
        day = self._laboratory.run_date(reading, received_at)
        if day is None:
            return undated(reading)
        if reading.subject is not self._said or day != self._day:
            self._meet(reading.subject, day)
        in_unit = reading
        if reading.unit and reading.unit != point.unit:
            converted = self._laboratory.in_unit(reading, point)
            if converted is None:
                return reading
            in_unit = converted
        flags = reading.flags
        if flags and self._flags:
            flags = tuple([self._flags.get(flag, flag) for flag in flags])
        status = Status.QC if self._control else reading.status
        subject = self._subject
        if subject is self._said and status is reading.status and flags == reading.flags:
            return in_unit
        return replace(in_unit, subject=subject, flags=flags, status=status)

    def _meet(self, said: Subject | None, day: str) -> None:
        self._said, self._day = said, day
        self._subject = said and self._laboratory.unique(said, day)
        self._control = said is not None and self._laboratory.is_control(said.specimen)


def _converted(reading: Reading, factor: Decimal, unit: str) -> Reading:
    """The exact product; what the device sent, its range included, stays in the payload."""
    product = _product(reading, factor)
    text = reading.text if product is None else f"{product:f}"
    as_sent = {"value": reading.text, "unit": reading.unit, "range": reading.range_text}
    payload = {
        **(reading.payload or {}),
        AS_SENT: {key: sent for key, sent in as_sent.items() if sent},
    }
    return replace(
        reading,
        text=text,
        number=None if product is None else float(text),
        unit=unit,
        range_text=reading.range_text if factor == 1 else "",
        payload=payload,
    )


def _product(reading: Reading, factor: Decimal) -> Decimal | None:
    """None where the driver found no number, whatever Decimal makes of `nan` and `1_3.5`."""
    if reading.number is None or not math.isfinite(reading.number):
        return None
    try:
        return Decimal(reading.text) * factor
    except InvalidOperation:
        return None


def _may_hide_number(reading: Reading) -> bool:
    said = reading.number is None and any(map(str.isdigit, reading.text))
    return said and reading.status not in _WITHDRAWN
