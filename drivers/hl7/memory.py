"""What was heard of late on a link: control ids that came again, and messages refused before."""

from __future__ import annotations

from collections import OrderedDict

_CONTROL_IDS = 4096
_REFUSALS = 1024


class Memory:
    """Bounded; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._occurrences: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._refused: OrderedDict[bytes, None] = OrderedDict()
        self._restarting: set[str] = set()

    def hear(self, device: str, control_id: str, occurrence: bytes) -> bool:
        """Remember a message; whether its control id came before with other content."""
        key = (device, control_id)
        known = self._occurrences.pop(key, occurrence)
        self._occurrences[key] = occurrence
        if len(self._occurrences) > _CONTROL_IDS:
            self._occurrences.popitem(last=False)
        return known != occurrence

    def first_restart(self, device: str) -> bool:
        """Whether this is the first time that a device's control ids came again."""
        known = device in self._restarting
        self._restarting.add(device)
        return not known

    def refuse(self, occurrence: bytes) -> None:
        """Remember that a message is in quarantine."""
        self._refused[occurrence] = None
        if len(self._refused) > _REFUSALS:
            self._refused.popitem(last=False)

    def is_refused(self, occurrence: bytes) -> bool:
        return occurrence in self._refused
