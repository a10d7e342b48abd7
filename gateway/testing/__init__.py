"""For driver authors: ports in memory, and the suite that every driver passes."""

from gateway.testing.conformance import RULES, Rule, profiles_without_transcript
from gateway.testing.ports import Connector, ManualClock, MemoryPorts

__all__ = [
    "RULES",
    "Connector",
    "ManualClock",
    "MemoryPorts",
    "Rule",
    "profiles_without_transcript",
]
