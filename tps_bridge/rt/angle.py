"""Angles on a circle of 360 degrees. Pure."""

from __future__ import annotations

_CIRCLE = 360.0
_HALF = 180.0


def turn(start: float, end: float, way: str = "") -> float:
    """Degrees from one angle to another, rising if positive.

    `way` is a Rotation Direction (PS3.3 C.8.8.14): CW rises, CC falls; else the shorter way round.
    """
    step = (end - start) % _CIRCLE
    return step - _CIRCLE if step and (way == "CC" or (way != "CW" and step > _HALF)) else step
