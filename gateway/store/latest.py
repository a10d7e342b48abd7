"""The newest value of every point, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeAlias

from gateway.model import DeviceEvent

PointKey: TypeAlias = tuple[str, str]
"""Code system and code."""


class _Entry(NamedTuple):
    """`seq` is the event's own, 0 if it is not stored; `stored` that of the last stored one."""

    arrival: int
    seq: int
    event: DeviceEvent
    stored: int


class Latest:
    """One event per device, code system and code: the one that arrived last.

    Arrival decides, not a clock: a clock that is set back must not freeze a value. What is
    observed without being stored has seq 0.
    """

    def __init__(self) -> None:
        self._devices: dict[str, dict[PointKey, _Entry]] = {}

    def put(self, event: DeviceEvent, *, seq: int, arrival: int) -> None:
        """Take an event in, unless one that arrived later is here already."""
        device = event.source.device
        points = self._devices.get(device)
        if points is None:
            points = self._devices[device] = {}
        code = event.code
        key = (code.system, code.code)
        known = points.get(key)
        if known is None:
            points[key] = _Entry(arrival, seq, event, seq)
        elif known.arrival <= arrival:
            points[key] = _Entry(arrival, seq, event, seq or known.stored)
        elif seq:
            points[key] = known._replace(stored=seq)

    def events(self, device: str | None = None) -> list[DeviceEvent]:
        """The newest events of a device, or of all."""
        if device is not None:
            return [_with_seq(entry) for entry in self._devices.get(device, {}).values()]
        return [_with_seq(entry) for points in self._devices.values() for entry in points.values()]

    def stored_after(self, seq: int) -> list[tuple[str, PointKey, int]]:
        """Device, point and seq of what was stored since, to be found again after a restart."""
        return [
            (device, key, entry.stored)
            for device, points in self._devices.items()
            for key, entry in points.items()
            if entry.stored > seq
        ]


def _with_seq(entry: _Entry) -> DeviceEvent:
    event = entry.event
    return event if event.seq == entry.seq else replace(event, seq=entry.seq)
