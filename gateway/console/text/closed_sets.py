"""The closed sets whose words the console's pages show, by the context of their translation."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gateway.console.pages.finding import FLAGS, LEVELS
from gateway.console.text.language import THEMES
from gateway.console.text.words import AGES, VALUES
from gateway.model import ClockQuality, Direction, Kind, Quality, QuarantineReason, Status
from gateway.profile import Grade
from gateway.registry import DeviceState
from gateway.room import Area, Level

CLOSED_SETS: Mapping[str, Collection[str]] = {
    "age": AGES,
    "area": tuple(Area),
    "clock": tuple(ClockQuality),
    "direction": tuple(Direction),
    "flag": tuple(FLAGS.values()),
    "grade": tuple(Grade),
    "kind": tuple(Kind),
    "level": tuple(LEVELS),
    "mapping": ("code", "unit", "sender"),
    "priority": tuple(Level),
    "quality": tuple(Quality),
    "reason": tuple(QuarantineReason),
    "state": tuple(DeviceState),
    "status": tuple(Status),
    "theme": THEMES,
    "value": VALUES,
}
