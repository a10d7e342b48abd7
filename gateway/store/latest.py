"""The newest value of every point, in memory."""

from __future__ import annotations

from dataclasses import replace
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

    def put(self, event: DeviceEvent, seq: int, arrival: int) -> None:
        """Take an event in, unless one that arrived later is here already."""
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

    def events(self, device: str | None = None) -> list[DeviceEvent]:
        """The newest events of a device, or of all."""
        if device is not None:
            return [_with_seq(entry) for entry in self._devices.get(device, {}).values()]
        return [_with_seq(entry) for points in self._devices.values() for entry in points.values()]

    def stored_after(self, seq: int) -> list[tuple[str, PointKey, int]]:
        """Device, point and seq of what was stored since, to be found again after a restart."""
        return [
            (device, key, stored)
            for device, points in self._devices.items()
            for key, (_, _, _, stored) in points.items()
            if stored > seq
        ]


def _with_seq(entry: _Entry) -> DeviceEvent:
    _, seq, event, _ = entry
    return event if event.seq == seq else replace(event, seq=seq)
