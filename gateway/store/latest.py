"""The newest value of every point, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from gateway.model import DeviceEvent

PointKey: TypeAlias = tuple[str, str]
"""Code system and code."""


_Entry: TypeAlias = tuple[int, int, DeviceEvent, int]
"""Arrival, the event's seq (0 if it is not stored), the event, seq of the last stored one."""


class Latest:
    """One event per device, code system and code: the one that arrived last.

    Arrival decides, not a clock: a clock that is set back must not freeze a value. What is
    observed without being stored has seq 0.
    """

    def __init__(self) -> None:
        self._devices: dict[str, dict[PointKey, _Entry]] = {}

    def put(self, events: Iterable[tuple[int, DeviceEvent]], arrival: int) -> None:
        """Take events in with their seqs, unless one that arrived later is here already."""
        for seq, event in events:
            device = event.source.device
            points = self._devices.get(device)
            if points is None:
                points = self._devices[device] = {}
            code = event.code
            key = (code.system, code.code)
            known = points.get(key)
            if known is None:
                points[key] = (arrival, seq, event, seq)
            elif known[0] <= arrival:
                points[key] = (arrival, seq, event, seq or known[3])
            elif seq:
                points[key] = (*known[:3], seq)

    def retain(self, wanted: Callable[[DeviceEvent], bool]) -> None:
        """Forget every event that is not wanted."""
        for device, points in list(self._devices.items()):
            kept = {key: entry for key, entry in points.items() if wanted(entry[2])}
            if kept:
                self._devices[device] = kept
            else:
                del self._devices[device]

    def events(self, device: str | None = None) -> list[DeviceEvent]:
        """The newest events of a device, or of all: the same objects until others arrive."""
        if device is not None:
            return _settled(self._devices.get(device, {}))
        return [event for points in self._devices.values() for event in _settled(points)]

    def stored_after(self, seq: int) -> list[tuple[str, PointKey, int]]:
        """Device, point and seq of what was stored since, to be found again after a restart."""
        return [
            (device, key, stored)
            for device, points in self._devices.items()
            for key, (_, _, _, stored) in points.items()
            if stored > seq
        ]


def _settled(points: dict[PointKey, _Entry]) -> list[DeviceEvent]:
    """Give each event its seq, once, when it is first asked for: that is dear."""
    for key, (arrival, seq, event, stored) in points.items():
        if event.seq != seq:
            points[key] = (arrival, seq, event.stored_as(seq), stored)
    return [event for _, _, event, _ in points.values()]
