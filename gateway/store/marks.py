"""The bits in which a row says how its value stands and where its number is. Pure."""

from __future__ import annotations

from gateway.model import (
    ClockQuality,
    Coding,
    DeviceEvent,
    Operator,
    Quality,
    Status,
    Value,
)

# The order of these is part of the file format: append only.
_CLOCKS = (ClockQuality.GATEWAY, ClockQuality.DEVICE, ClockQuality.SUSPECT)
_QUALITIES = (Quality.GOOD, Quality.UNCERTAIN, Quality.STALE, Quality.BAD)
_STATUSES = (
    Status.FINAL,
    Status.PRELIMINARY,
    Status.CORRECTED,
    Status.CANCELLED,
    Status.ENTERED_IN_ERROR,
    Status.QC,
)
_OPERATORS = (None, Operator.LESS, Operator.AT_MOST, Operator.AT_LEAST, Operator.GREATER)

_NO_NUMBER, _NUMBER_IS_TEXT, _NUMBER_APART, _NO_VALUE = range(4)
"""Lowest two bits: where the value's number stands, or that there is no value."""


def standing(clock: ClockQuality, quality: Quality, status: Status) -> int:
    """The bits of clock, quality and status; 0 for what nearly every polled value has."""
    return _CLOCKS.index(clock) << 2 | _QUALITIES.index(quality) << 4 | _STATUSES.index(status) << 6


_USUAL = (_CLOCKS[0], _QUALITIES[0], _STATUSES[0])


def marks_of(event: DeviceEvent) -> int:
    """All bits of one event."""
    how = (event.clock, event.quality, event.status)
    return (0 if how == _USUAL else standing(*how)) | value_marks(event.value)


def value_marks(value: Value | None) -> int:
    """The bits of a value: its operator, and where its number stands."""
    if value is None:
        return _NO_VALUE
    operator, number = value.operator, value.number
    bits = 0 if operator is None else _OPERATORS.index(operator) << 9
    if number is None:
        return bits
    return bits | (_NUMBER_IS_TEXT if _says(value.text, number) else _NUMBER_APART)


def number_apart(marks: int, value: Value | None) -> float | None:
    """The number that must be stored beside the text: where the text does not say it."""
    return value.number if value is not None and marks & 3 == _NUMBER_APART else None


def standing_of(marks: int) -> tuple[ClockQuality, Quality, Status]:
    """Clock, quality and status; the inverse of `standing`."""
    return _CLOCKS[marks >> 2 & 3], _QUALITIES[marks >> 4 & 3], _STATUSES[marks >> 6 & 7]


def value_of(
    marks: int, text: str | None, number: float | None, code: Coding | None
) -> Value | None:
    """The value; NaN, which neither a column nor JSON holds, is told from "no number" here."""
    where = marks & 3
    if where == _NO_VALUE:
        return None
    said = text or ""
    if where == _NUMBER_IS_TEXT:
        number = float(said)
    elif where == _NUMBER_APART and number is None:
        number = float("nan")
    return Value(said, number, _OPERATORS[marks >> 9 & 7], code)


def _says(text: str, number: float) -> bool:
    try:
        return float(text) == number
    except ValueError:
        return False
