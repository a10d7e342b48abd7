"""The values of all devices as they come, stored or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.model import DeviceEvent


class Values(Protocol):
    """What devices say now. Who must not miss an event follows the stream instead."""

    def latest(self, device: str | None = None) -> Sequence[DeviceEvent]:
        """The newest event of each point of a device, or of all."""
        ...

    def watch(self, watcher: Callable[[Sequence[DeviceEvent]], None]) -> Callable[[], None]:
        """Call `watcher` with the values of every poll, stored or not; returns how to stop.

        Values that devices send by themselves are all stored, and come by the stream.
        """
        ...
