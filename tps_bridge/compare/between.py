"""The settings that a plan has between two control points. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tps_bridge.rt import Item, Value, attribute, keyed

_CIRCLE = 360.0
_HALF = 180.0
_METERSET = "SpecifiedMeterset"
_DIRECTIONS = {
    "BeamLimitingDeviceAngle": "BeamLimitingDeviceRotationDirection",
    "GantryAngle": "GantryRotationDirection",
    "GantryPitchAngle": "GantryPitchRotationDirection",
    "PatientSupportAngle": "PatientSupportRotationDirection",
    "TableTopEccentricAngle": "TableTopEccentricRotationDirection",
    "TableTopPitchAngle": "TableTopPitchRotationDirection",
    "TableTopRollAngle": "TableTopRollRotationDirection",
}


def between(points: Sequence[Item], at: float) -> Item | None:
    """The settings at a meterset, by those of the control points around it; None outside of them.

    What both have alike holds between them, numbers that differ change evenly, angles the way round
    that the plan says; other words are left out. `points` tell their Specified Meterset.
    """
    for one, other in pairwise(points):
        start, end = one.number(_METERSET), other.number(_METERSET)
        if start is not None and end is not None and start < end and start <= at <= end:
            return _mixed(one, other, (at - start) / (end - start))
    return None


def _mixed(one: Item, other: Item, part: float) -> Item:
    values = {}
    for name, value in one.values.items():
        mixed = _value(one, name, value, other.values.get(name), part)
        if mixed is not None and name not in (_METERSET, "ControlPointIndex"):
            values[name] = mixed
    parts = {}
    for name, items in one.parts.items():
        mine, theirs = keyed(name, items), keyed(name, other.items(name))
        parts[name] = tuple(_mixed(mine[key], theirs[key], part) for key in mine if key in theirs)
    return Item(values, parts)


def _value(one: Item, name: str, mine: Value, theirs: Value | None, part: float) -> Value | None:
    if mine == theirs:
        return mine
    if isinstance(mine, float) and isinstance(theirs, float):
        way = one.text(_DIRECTIONS[name]) if name in _DIRECTIONS else ""
        return mine + part * (_turn(theirs - mine, way) if _is_angle(name) else theirs - mine)
    if not (isinstance(mine, tuple) and isinstance(theirs, tuple) and len(mine) == len(theirs)):
        return None
    pairs = list(zip(mine, theirs, strict=True))
    several = [
        a + part * (b - a) for a, b in pairs if isinstance(a, float) and isinstance(b, float)
    ]
    return tuple(several) if len(several) == len(pairs) else None


def _is_angle(name: str) -> bool:
    return attribute(name).quantity.is_angle


def _turn(step: float, way: str) -> float:
    """From one angle to another the way round that is said, else the shorter one."""
    step %= _CIRCLE
    return step - _CIRCLE if step and (way == "CC" or (way != "CW" and step > _HALF)) else step
