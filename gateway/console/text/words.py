"""The words that live parts of a page need in the browser."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.console.text.catalogue import Catalogue
from gateway.model import Direction, Quality
from gateway.registry import DeviceState

AGES = ("s", "min", "h", "d")
VALUES = (
    "open",
    "closed",
    "on",
    "off",
    "normal",
    "alarm",
    "warning",
    "fault",
    "online",
    "offline",
    "running",
    "stopped",
    "standby",
    "battery",
    "mains",
    "bypass",
    "boosting",
    "cool",
    "defrost",
    "depleted",
    "failed",
    "flow",
    "heat",
    "heat recovery",
    "ice",
    "intact",
    "low",
    "manual bypass",
    "no flow",
    "none",
    "not searched",
    "other",
    "pressed",
    "ready",
    "reducing",
    "searched",
    "service",
    "starting",
    "stopping",
    "tampered",
    "working",
)
"""Words of coded values that profiles use; another word is shown as the profile has it."""


def live_words(words: Catalogue) -> dict[str, dict[str, str]]:
    """By context, each word of a closed set in the reader's language."""
    return {
        "age": _context(words, "age", AGES),
        "quality": _context(words, "quality", Quality),
        "state": _context(words, "state", DeviceState),
        "direction": _context(words, "direction", Direction),
        "value": _context(words, "value", VALUES),
    }


def _context(words: Catalogue, context: str, members: Iterable[str]) -> dict[str, str]:
    return {str(member): words.pgettext(context, str(member)) for member in members}
