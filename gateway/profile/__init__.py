"""Profiles: what one model of device says and what it means, as data."""

from gateway.profile.model import POINT_SYSTEM, Grade, Point, Profile

__all__ = ["POINT_SYSTEM", "Grade", "Point", "Profile"]
