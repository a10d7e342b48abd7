"""For driver authors: ports in memory, and the suite that every driver passes."""

from gateway.testing.conformance import RULES, Rule, profiles_without_transcript
from gateway.testing.gate import Recognizing
from gateway.testing.ports import Connector, ManualClock, MemoryPorts
from gateway.testing.room import (
    Audited,
    MemoryAuditor,
    MemoryOutbox,
    MemoryRoomPorts,
    MemoryValues,
    NoTables,
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
    "NoTables",
    "Recognizing",
    "Rule",
    "known_ring",
    "profiles_without_transcript",
    "room_context",
]
