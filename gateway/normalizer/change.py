"""Which polled points are stored: those that changed, and all of them at each heartbeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.driver import DeviceEntry
from gateway.model import DeviceEvent, Instant, Micros, Quality


@dataclass(frozen=True, slots=True)
class _Stored:
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

    def due(self, events: Sequence[DeviceEvent]) -> tuple[DeviceEvent, ...]:
        """Those of one poll's events that must be stored; they count as stored from here on."""
        due = tuple(event for event in events if self._is_due(event))
        for event in due:
            text, number = _content(event)
            self._stored[event.code.code] = _Stored(text, number, event.quality, event.received_at)
        return due

    def forget(self) -> None:
        """Store everything again at the next poll: what was due could not be committed."""
        self._stored.clear()

    def _is_due(self, event: DeviceEvent) -> bool:
        stored = self._stored.get(event.code.code)
        if stored is None or stored.quality is not event.quality:
            return True
        if not 0 <= event.received_at - stored.at < self._heartbeat:
            return True
        text, number = _content(event)
        if text == stored.text:
            return False
        if number is None or stored.number is None:
            return True
        deadband = self._deadbands.get(event.code.code, 0.0)
        return not abs(number - stored.number) <= deadband


def _content(event: DeviceEvent) -> tuple[str, float | None]:
    return (event.value.text, event.value.number) if event.value else ("", None)
