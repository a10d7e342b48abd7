"""Two items side by side, attribute by attribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from tps_bridge.compare.difference import Difference, Severity, Spot, Step, once
from tps_bridge.compare.limit import Limit, Limits, Tolerances
from tps_bridge.rt import Item, Quantity, Value, attribute, is_known, keyed

_Array: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]

_CIRCLE = 360.0
_ROUNDING = 1e-9
_ROUNDING_OF_PARTS = 1e-6
_SPARSE = frozenset(
    {
        "BeamLimitingDevicePositionSequence",
        "BeamLimitingDeviceSequence",
        "ControlPointSequence",
    }
)
"""Sequences of which a record may tell a part: what it doesn't tell can't differ."""


def compare_plans(planned: Item, actual: Item) -> tuple[Difference, ...]:
    """Where two plans differ in what changes delivery, as `delivered_by` gave it.

    Nothing is tolerated. What later control points carry on is told once.
    """
    return tuple(once(compare(planned, actual, Limits(Tolerances(), exact=True))))


def compare(
    planned: Item,
    actual: Item,
    limits: Limits,
    path: tuple[Step, ...] = (),
    *,
    as_said: bool = False,
) -> Iterator[Difference]:
    """Where two items differ; `as_said` leaves out values that one of them doesn't tell.

    The order of items that have numbers means nothing; the others are compared by their place.
    """
    names = actual.values if as_said else dict.fromkeys((*planned.values, *actual.values))
    for name in names:
        mine, theirs = planned.values.get(name), actual.values.get(name)
        if as_said and mine is None:
            continue
        if mine != theirs and attribute(name).delivers:
            yield from _judged(path, name, mine, theirs, limits)
    for name in actual.parts if as_said else dict.fromkeys((*planned.parts, *actual.parts)):
        if attribute(name).delivers:
            yield from _items(planned, actual, name, limits, path, as_said=as_said)


def _items(
    planned: Item,
    actual: Item,
    name: str,
    limits: Limits,
    path: tuple[Step, ...],
    *,
    as_said: bool,
) -> Iterator[Difference]:
    mine, theirs = keyed(name, planned.items(name)), keyed(name, actual.items(name))
    for key in dict.fromkeys((*mine, *theirs)):
        place = (*path, Step(name, key))
        one, other = mine.get(key), theirs.get(key)
        if one is None:
            severity = Severity.ALARM if is_known(name) or not as_said else Severity.NOTE
            yield Difference(place, "", None, key, severity)
        elif other is not None:
            yield from compare(one, other, limits, place, as_said=as_said)
        elif not (as_said and name in _SPARSE):
            yield Difference(place, "", key, None, Severity.ALARM)


def _judged(
    path: tuple[Step, ...], name: str, mine: Value | None, theirs: Value | None, limits: Limits
) -> Iterator[Difference]:
    limit = limits.of(name, path[-1].key if path else "")
    one, other = _numbers(mine), _numbers(theirs)
    quantity = attribute(name).quantity
    if one is None or other is None or len(one) != len(other) or quantity is Quantity.EXACT:
        yield Difference(path, name, mine, theirs, Severity.ALARM, limit=limit)
        return
    apart = _apart(one, other, quantity, limits.whole)
    most = float(apart.max())
    rounding = _ROUNDING_OF_PARTS if quantity.is_relative else _ROUNDING
    if most <= rounding and not limits.exact:
        return
    severity = _severity(most, limit, exact=limits.exact)
    spots = _spots(one, other, apart, limit)
    yield Difference(path, name, mine, theirs, severity, most, limit, spots)


def _numbers(value: Value | None) -> tuple[float, ...] | None:
    if isinstance(value, float):
        return (value,)
    if isinstance(value, tuple) and value and isinstance(value[0], float):
        return value
    return None


def _apart(
    one: tuple[float, ...], other: tuple[float, ...], quantity: Quantity, whole: float | None
) -> _Array:
    """How far apart: angles the shorter way round, metersets as a part of what was planned.

    That is the `whole` beam's, where it is known; of spots it is that of their layer.
    """
    mine, theirs = np.array(one), np.array(other)
    apart: _Array = np.abs(theirs - mine)
    if quantity.is_angle:
        apart %= _CIRCLE
        apart = np.minimum(apart, _CIRCLE - apart)
    elif quantity.is_relative:
        of: _Array | float = np.abs(mine)
        if quantity is Quantity.SPOT_METERSET:
            of = float(np.abs(mine).sum())
        elif quantity is Quantity.METERSET and whole:
            of = whole
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.where(apart > 0, apart / of, 0.0)
    return apart


def _severity(most: float, limit: Limit, *, exact: bool) -> Severity:
    if exact or (limit.alarm is not None and most > limit.alarm + _ROUNDING):
        return Severity.ALARM
    if limit.warn is not None and most > limit.warn + _ROUNDING:
        return Severity.WARN
    return Severity.NOTE


def _spots(
    one: tuple[float, ...],
    other: tuple[float, ...],
    apart: _Array,
    limit: Limit,
) -> tuple[Spot, ...]:
    """Of several values those beyond the limit, the largest difference first."""
    if len(one) == 1:
        return ()
    least = limit.warn if limit.warn is not None else limit.alarm
    beyond = np.flatnonzero(apart > (least or 0.0) + _ROUNDING)
    if not beyond.size:
        beyond = np.array([apart.argmax()])
    ranked = beyond[np.argsort(-apart[beyond], kind="stable")].tolist()
    return tuple(Spot(place, one[place], other[place]) for place in ranked)
