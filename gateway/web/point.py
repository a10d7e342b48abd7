"""Which point of a profile an event's code means."""

from __future__ import annotations

from gateway.model import Localized
from gateway.profile import Point
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
    """What people call a point; its code where the profile has no name."""
    point = point_of(status, code)
    return point.name or code if point is not None else code
