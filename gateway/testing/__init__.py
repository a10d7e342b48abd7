"""For driver authors: ports in memory, and the suite that every driver passes."""

from gateway.testing.ports import Connector, ManualClock, MemoryPorts

__all__ = ["Connector", "ManualClock", "MemoryPorts"]
