"""For driver authors: ports in memory, and the suite that every driver passes."""

from gateway.testing.conformance import RULES, Rule, profiles_without_transcript
from gateway.testing.ports import Connector, ManualClock, MemoryPorts
from gateway.testing.room import (
    Audited,
    MemoryAuditor,
    MemoryOutbox,
    MemoryRoomPorts,
    MemoryValues,
    known_ring,
    room_context,
)

__all__ = [
    "RULES",
    "Audited",
    "Connector",
    "ManualClock",
    "MemoryAuditor",
    "MemoryOutbox",
    "MemoryPorts",
    "MemoryRoomPorts",
    "MemoryValues",
    "Rule",
    "known_ring",
    "profiles_without_transcript",
    "room_context",
]
