"""Whether a value meets the condition of an alarm. Pure."""

from __future__ import annotations

from gateway.alarms.definition import Limit, Word
from gateway.model import DeviceEvent, Operator, Quality, Status, Value

_MORE = frozenset({Operator.GREATER, Operator.AT_LEAST})
_LESS = frozenset({Operator.LESS, Operator.AT_MOST})


def trusted(event: DeviceEvent) -> bool:
    """Whether a value may raise or clear an alarm: good, and not taken back."""
    return event.quality is Quality.GOOD and event.status is not Status.ENTERED_IN_ERROR


def meets(event: DeviceEvent, condition: Limit | Word, *, was: bool) -> bool | None:
    """Whether a trusted value meets a condition that it met before or not; None: it can't tell."""
    value = event.value
    if value is None:
        return None
    if isinstance(condition, Word):
        said = value.code.code if value.code is not None else value.text
        return said == condition.word
    if value.number is None or event.unit != condition.unit:
        return None
    return _beyond(value, value.number, condition, was=was)


def _beyond(value: Value, number: float, limit: Limit, *, was: bool) -> bool | None:
    """By the worst and the best number that the value may stand for (`>30`, `<5`)."""
    sign = 1.0 if limit.above else -1.0
    worst = best = sign * number
    if value.operator in (_MORE if limit.above else _LESS):
        worst = float("inf")
    elif value.operator is not None:
        best = float("-inf")
    bound = sign * limit.limit
    if best > bound:
        return True
    if worst <= bound - limit.deadband:
        return False
    return was if worst <= bound else None
