"""What one client of the live stream wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gateway.room import Permission, Sight


class Topic(StrEnum):
    """EVENT: what was stored, with its seq. LATEST: last values, stored or not. DEVICE: states.

    ALARM: alarms that changed their standing.
    """

    EVENT = "event"
    LATEST = "latest"
    DEVICE = "device"
    ALARM = "alarm"


class Frame(NamedTuple):
    """What is sent of one event or device; `needs` and `department` decide who sees it."""

    device: str
    department: str
    needs: Permission
    data: bytes


@dataclass(frozen=True, slots=True)
class Interest:
    """Clients with the same interest share the same bytes. No `devices` means all of them."""

    topics: frozenset[Topic]
    devices: frozenset[str]
    sight: Sight

    def select(self, topic: Topic, frames: Sequence[Frame]) -> bytes:
        """The frames that are wanted and seen, as one chunk."""
        if topic not in self.topics:
            return b""
        opened, department = self.sight.opened, self.sight.department
        devices = self.devices
        return b"".join(
            frame.data
            for frame in frames
            if frame.needs in opened
            and (not devices or frame.device in devices)
            and department(frame.department)
        )
