"""The values of all devices, for rooms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.model import DeviceEvent
from gateway.store import EventStore
from gateway.supervisor import Intake


@dataclass(frozen=True, slots=True)
class ObservedValues:
    """A `gateway.room.Values` over the store's latest and the polls of the intake."""

    store: EventStore
    intake: Intake

    def latest(self, device: str | None = None) -> Sequence[DeviceEvent]:
        return self.store.latest(device)

    def watch(self, watcher: Callable[[Sequence[DeviceEvent]], None]) -> Callable[[], None]:
        return self.intake.watch(watcher)
