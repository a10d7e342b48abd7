"""The settings that a plan has between two control points. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from tps_bridge.rt import Item, Value, attribute, keyed, turn

_METERSET = "SpecifiedMeterset"
DIRECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "BeamLimitingDeviceAngle": "BeamLimitingDeviceRotationDirection",
        "GantryAngle": "GantryRotationDirection",
        "GantryPitchAngle": "GantryPitchRotationDirection",
        "PatientSupportAngle": "PatientSupportRotationDirection",
        "TableTopEccentricAngle": "TableTopEccentricRotationDirection",
        "TableTopPitchAngle": "TableTopPitchRotationDirection",
        "TableTopRollAngle": "TableTopRollRotationDirection",
    }
)
"""By angle, the way round that it turns in the segment that begins at a control point."""


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
        if not attribute(name).quantity.is_angle:
            return mine + part * (theirs - mine)
        way = one.text(DIRECTIONS[name]) if name in DIRECTIONS else ""
        return mine + part * turn(mine, theirs, way)
    if not (isinstance(mine, tuple) and isinstance(theirs, tuple) and len(mine) == len(theirs)):
        return None
    pairs = list(zip(mine, theirs, strict=True))
    several = [
        a + part * (b - a) for a, b in pairs if isinstance(a, float) and isinstance(b, float)
    ]
    return tuple(several) if len(several) == len(pairs) else None
