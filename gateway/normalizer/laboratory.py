"""What an analyzer's profile adds to a result: unit, sample, quality control, flags. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from gateway.driver import DeviceEntry
from gateway.model import Instant, Reading, Status, Subject, to_datetime
from gateway.profile import NO_UNIT, Analyte, AnalyzerProfile

AS_SENT = "as_sent"
"""Key of an event's payload that holds value, unit and range before a conversion."""


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

    def normalize(self, reading: Reading, point: Analyte, at: Instant) -> Reading | None:
        """The reading in the point's unit, its sample made unique; None if its unit is unknown.

        `at` is when it was observed. A reading that says all this already is given back as it is.
        """
        in_unit = self._in_unit(reading, point)
        if in_unit is None:
            return None
        said = reading.subject
        subject = said and self._unique(said, at)
        control = said is not None and self._is_control(said.specimen)
        status = Status.QC if control else reading.status
        flags = tuple([self.profile.flags.get(flag, flag) for flag in reading.flags])
        if subject is said and status is reading.status and flags == reading.flags:
            return in_unit
        return replace(in_unit, subject=subject, flags=flags, status=status)

    def _in_unit(self, reading: Reading, point: Analyte) -> Reading | None:
        if not reading.unit:
            return reading
        if reading.unit == NO_UNIT and self.profile.unit_missing == "profile":
            return replace(reading, unit="")
        unit = self.profile.units.get(reading.unit, reading.unit)
        if unit == point.unit:
            return reading if unit == reading.unit else replace(reading, unit=unit)
        factor = point.convert.get(unit)
        return None if factor is None else _converted(reading, factor, point.unit)

    def _is_control(self, specimen: str) -> bool:
        pattern = self.profile.control
        return bool(pattern and specimen) and re.fullmatch(pattern, specimen) is not None

    def _unique(self, subject: Subject, at: Instant) -> Subject:
        """A sample number that starts again each day gets its device and run date."""
        if self.profile.specimen == "barcode" or not subject.specimen:
            return subject
        day = _run_date(to_datetime(at).astimezone(self.zone), self.profile)
        return replace(subject, specimen=f"{self.device}/{day}/{subject.specimen}")


def _run_date(local: datetime, profile: AnalyzerProfile) -> str:
    starts = profile.day_starts
    day = timedelta(hours=starts.hour, minutes=starts.minute)
    return (local.replace(tzinfo=None) - day).date().isoformat()


def _converted(reading: Reading, factor: Decimal, unit: str) -> Reading | None:
    """The exact product; what the device sent, its range included, stays in the payload."""
    try:
        product = Decimal(reading.text) * factor
    except InvalidOperation:
        return None
    text = f"{product:f}"
    as_sent = {"value": reading.text, "unit": reading.unit, "range": reading.range_text}
    payload = {
        **(reading.payload or {}),
        AS_SENT: {key: sent for key, sent in as_sent.items() if sent},
    }
    return replace(
        reading, text=text, number=float(text), unit=unit, range_text="", payload=payload
    )
