"""Where a gateway's configuration comes from, now and at each reload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config import RoomSet, Site, discover_drivers, discover_rooms, load_site
from gateway.driver import DriverType


@dataclass(frozen=True, slots=True)
class Configuration:
    """A devices.yaml, what is installed to read it, and `adapt`, which may change it in memory."""

    file: Path
    adapt: Callable[[Site], Site]
    drivers: Mapping[str, DriverType] = field(default_factory=discover_drivers)
    rooms: RoomSet = field(default_factory=discover_rooms)

    def load(self) -> Site:
        """The site as the file describes it at this moment; ConfigError if it is wrong."""
        return self.adapt(load_site(self.file, drivers=self.drivers, rooms=self.rooms))
