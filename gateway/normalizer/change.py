"""Which polled points are stored: those that changed, and all of them at each heartbeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.driver import DeviceEntry
from gateway.model import Instant, Micros, Quality, Value


class _Stored(NamedTuple):
    text: str
    number: float | None
    quality: Quality
    at: Instant


class ChangeFilter:
    """Remembers what was last stored of one device's points."""

    def __init__(self, entry: DeviceEntry, heartbeat: Micros) -> None:
        self._heartbeat = heartbeat
        self._deadbands: Mapping[str, float] = {
            point.code or code: point.deadband for code, point in entry.profile.points.items()
        }
        self._stored: dict[str, _Stored] = {}

    def take(self, code: str, value: Value | None, quality: Quality, at: Instant) -> bool:
        """Whether a point's value must be stored; if so, it counts as stored from here on."""
        text, number = (value.text, value.number) if value else ("", None)
        now, stored = _Stored(text, number, quality, at), self._stored.get(code)
        due = stored is None or self._has_moved(code, stored, now)
        if due:
            self._stored[code] = now
        return due

    def forget(self) -> None:
        """Store everything again at the next poll: what was due could not be committed."""
        self._stored.clear()

    def _has_moved(self, code: str, stored: _Stored, now: _Stored) -> bool:
        if stored.quality is not now.quality or not 0 <= now.at - stored.at < self._heartbeat:
            return True
        if now.text == stored.text:
            return False
        if now.number is None or stored.number is None:
            return True
        return not abs(now.number - stored.number) <= self._deadbands.get(code, 0.0)
