"""Which point of a profile an event's code means."""

from __future__ import annotations

from gateway.model import Localized
from gateway.profile import Point, vocabulary
from gateway.registry import DeviceStatus


def point_of(status: DeviceStatus | None, code: str) -> Point | None:
    """The profile's point that events call `code`."""
    if status is None:
        return None
    points = status.entry.profile.points
    named = points.get(code)
    if named is not None and named.code in ("", code):
        return named
    return next((each for each in points.values() if each.code == code), None)


def point_name(status: DeviceStatus | None, code: str) -> Localized:
    """What people call a point: its profile's name, else the shared one, else its code."""
    point = point_of(status, code)
    if point is not None and point.name:
        return point.name
    term = vocabulary().get(code)
    return term.name if term is not None else code
