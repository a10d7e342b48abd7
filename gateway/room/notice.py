"""A word to people, which rides on the event that it is about; the notifier tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.model import DeviceEvent, Localized
from gateway.profile import Priority

_MEMBER = "notice"


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are to be told of a matter, whose name is `key`.

    The matter stands from a notice that is `open` until one of the same key that is not; while it
    stands it may be told to further people. `path` is its page, `source` the room that says so.
    `devices` are those that it stands for, where it is about none of them alone: a lost link.
    Texts hold nothing that identifies a patient. An event of kind ALARM carries it.
    """

    key: str
    open: bool
    priority: Priority
    title: Localized
    text: Localized = ""
    advice: Localized = ""
    path: str = ""
    source: str = ""
    device: str = ""
    devices: tuple[str, ...] = ()

    def as_payload(self) -> dict[str, Any]:
        """A member of the payload of its event."""
        said = {
            "key": self.key,
            "open": self.open,
            "priority": self.priority.value,
            "title": self.title,
            "text": self.text,
            "advice": self.advice,
            "path": self.path,
            "source": self.source,
            "device": self.device,
            "devices": list(self.devices),
        }
        return {_MEMBER: {key: each for key, each in said.items() if each not in ("", [])}}


def notice_of(event: DeviceEvent) -> Notice | None:
    """The notice that an event carries."""
    payload = event.payload or {}
    return read_notice(payload) if _MEMBER in payload else None


def read_notice(payload: Mapping[str, Any]) -> Notice:
    """The notice in a payload; KeyError if there is none."""
    said = payload[_MEMBER]
    devices = tuple(said.get("devices", ()))
    return Notice(**{**said, "priority": Priority(said["priority"]), "devices": devices})
