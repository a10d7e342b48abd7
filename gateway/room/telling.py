"""What the events of a room are called on pages, in every language that pages speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from gateway.model import Localized
from gateway.room.access import ACTION_SYSTEM

Telling: TypeAlias = Mapping[str, Mapping[str, Localized]]
"""Words by the system and the code of an event, or by its code, a blank and its value's text.

`*` stands for every code of a system that has no words of its own.
"""


NOTED_SYSTEM = "urn:isogate:point"
"""The system of what the gateway and its rooms note of themselves by `RoomPorts.system`."""


AUDIT_SYSTEM = "urn:isogate:audit"
"""The system of actions in the audit that are no events: reading, signing in, exporting."""


def tells(system: str, words: Mapping[str, tuple[str, str]], prefix: str = "") -> Telling:
    """The words, English and Chinese, of the codes of one system; `prefix` begins each of them."""
    return {
        system: {f"{prefix}{code}": {"en": en, "zh-CN": zh} for code, (en, zh) in words.items()}
    }


def joined(*several: Telling) -> Telling:
    """All of them as one."""
    found: dict[str, dict[str, Localized]] = {}
    for each in several:
        for system, words in each.items():
            found.setdefault(system, {}).update(words)
    return found


def deeds(telling: Telling) -> Mapping[str, Localized]:
    """What each action in the audit is called: those that are events, and those that are not."""
    return {**telling.get(ACTION_SYSTEM, {}), **telling.get(AUDIT_SYSTEM, {})}
