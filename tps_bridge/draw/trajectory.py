"""How a beam moves: gantry, collimator, couch and open width over its meterset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway import Localized
from tps_bridge.plan import Beam, ControlPoint
from tps_bridge.rt import turn

_WIDTH, _HEIGHT = 640.0, 120.0
_EVEN = 1e-6


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` as SVG writes them, in a picture of `Trajectory.width` by `height`."""

    name: Localized
    unit: str
    low: float
    high: float
    points: str


@dataclass(frozen=True, slots=True)
class Trajectory:
    """`along` says what the horizontal axis is, up to `end`."""

    width: float
    height: float
    along: Localized
    unit: str
    end: float
    curves: tuple[Curve, ...]


_GANTRY: Localized = {"en": "gantry angle", "zh-CN": "机架角度"}
_COLLIMATOR: Localized = {"en": "collimator angle", "zh-CN": "准直器角度"}
_COUCH: Localized = {"en": "couch angle", "zh-CN": "治疗床角度"}
_OPEN: Localized = {"en": "open area", "zh-CN": "开野面积"}
_ENERGY: Localized = {"en": "energy", "zh-CN": "能量"}


def trajectory(beam: Beam) -> Trajectory | None:
    """The curves of what changes; None where nothing does."""
    metersets = [beam.meterset_at(each) for each in beam.points]
    told = [each for each in metersets if each is not None]
    whole = len(told) == len(beam.points) and told[-1] > 0
    along = told if whole else [float(each.index) for each in beam.points]
    curves = [
        curve
        for curve in (
            _curve(along, _GANTRY, "deg", _gantry(beam.points)),
            _curve(along, _COLLIMATOR, "deg", _unwound([each.collimator for each in beam.points])),
            _curve(along, _COUCH, "deg", _unwound([each.couch for each in beam.points])),
            _curve(along, _ENERGY, "MV/MeV", [each.energy for each in beam.points]),
            _curve(along, _OPEN, "cm2", [open_area(beam, each) for each in beam.points]),
        )
        if curve is not None
    ]
    if not curves:
        return None
    name: Localized = (
        {"en": "meterset", "zh-CN": "跳数"} if whole else {"en": "control point", "zh-CN": "控制点"}
    )
    return Trajectory(_WIDTH, _HEIGHT, name, beam.unit if whole else "", along[-1], tuple(curves))


def open_area(beam: Beam, point: ControlPoint) -> float | None:
    """Area between the leaves in cm2, jaws left out; None without leaves, or with two layers."""
    leaves = [each for each in beam.limiters if each.boundaries]
    if len(leaves) != 1:
        return None
    (only,) = leaves
    positions = (point.positions or {}).get(only.kind)
    if not positions:
        return None
    area = sum(
        max(0.0, positions[pair + only.pairs] - positions[pair])
        * (only.boundaries[pair + 1] - only.boundaries[pair])
        for pair in range(only.pairs)
    )
    return area / 100


def _curve(
    along: Sequence[float], name: Localized, unit: str, values: Sequence[float | None]
) -> Curve | None:
    """A line through the values; None where they are not all given, or do not change."""
    told = [each for each in values if each is not None]
    if len(told) != len(values) or len(told) == 1:
        return None
    low, high = min(told), max(told)
    if high - low < _EVEN:
        return None
    end = along[-1] or 1.0
    places = (
        (at / end * _WIDTH, _HEIGHT - (each - low) / (high - low) * _HEIGHT)
        for at, each in zip(along, told, strict=True)
    )
    return Curve(name, unit, low, high, " ".join(f"{x:.1f},{y:.1f}" for x, y in places))


def _gantry(points: Sequence[ControlPoint]) -> list[float | None]:
    """Gantry angles without the jump at 0, the way round that the plan gives (CW rises)."""
    return _unwound([each.gantry for each in points], [each.gantry_direction for each in points])


def _unwound(angles: Sequence[float | None], ways: Sequence[str] = ()) -> list[float | None]:
    """Angles without the jump at 0: by `ways` from one to the next, else the shorter way."""
    found: list[float | None] = []
    for place, angle in enumerate(angles):
        before = found[-1] if found else None
        if angle is None or before is None:
            found.append(angle)
            continue
        found.append(before + turn(before, angle, ways[place - 1] if ways else ""))
    return found
