"""Who is there, how they are, and since when. In memory: the events say it durably."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.driver import DeviceEntry
from gateway.model import Instant


class DeviceState(StrEnum):
    """Standing of a device. WAITING: not heard of since the start."""

    WAITING = "waiting"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device and how it is. `reason` says in words why it is offline."""

    entry: DeviceEntry
    driver: str
    state: DeviceState
    since: Instant
    reason: str = ""
    last_seen: Instant | None = None


class Registry:
    """The table of devices. Watchers hear of each change of state, not of each sign of life."""

    def __init__(self) -> None:
        self._devices: dict[str, DeviceStatus] = {}
        self._seen: dict[str, Instant] = {}
        self._watchers: list[Callable[[DeviceStatus], None]] = []

    def __iter__(self) -> Iterator[DeviceStatus]:
        return iter([self._as_seen(status) for status in self._devices.values()])

    def get(self, device: str) -> DeviceStatus | None:
        status = self._devices.get(device)
        return status and self._as_seen(status)

    def only(self, keep: Callable[[DeviceStatus], bool]) -> Registry:
        """The devices that `keep` wants, as they are at this moment."""
        kept = Registry()
        kept._devices = {status.entry.id: status for status in self if keep(status)}
        return kept

    def replace(self, entries: Iterable[tuple[str, DeviceEntry]], now: Instant) -> None:
        """Take over the (driver, entry) pairs of a new configuration; known devices keep state."""
        known = self._devices
        self._devices = {
            entry.id: replace(known[entry.id], entry=entry, driver=driver)
            if entry.id in known
            else DeviceStatus(entry, driver, DeviceState.WAITING, now)
            for driver, entry in entries
        }
        self._seen = {device: at for device, at in self._seen.items() if device in self._devices}

    def seen(self, device: str, at: Instant) -> DeviceState | None:
        """Note a sign of life and tell the device's state, which stays; None if it is unknown."""
        status = self._devices.get(device)
        if status is None:
            return None
        self._seen[device] = at
        return status.state

    def move(self, device: str, state: DeviceState, at: Instant, reason: str = "") -> bool:
        """Change a device's state; False if it was so already."""
        status = self._devices.get(device)
        if status is None or (status.state, status.reason) == (state, reason):
            return False
        changed = replace(self._as_seen(status), state=state, since=at, reason=reason)
        self._devices[device] = changed
        for watcher in self._watchers:
            watcher(changed)
        return True

    def watch(self, watcher: Callable[[DeviceStatus], None]) -> Callable[[], None]:
        """Call `watcher` at each change; returns how to stop."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _as_seen(self, status: DeviceStatus) -> DeviceStatus:
        """The status with its last sign of life, which is put in when somebody looks."""
        device = status.entry.id
        at = self._seen.get(device, status.last_seen)
        if status.last_seen != at:
            status = self._devices[device] = replace(status, last_seen=at)
        return status
