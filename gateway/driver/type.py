"""How a driver introduces itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from gateway.driver.entries import DeviceOptions, LinkEntry, LinkOptions
from gateway.driver.protocol import Driver, PollingDriver
from gateway.profile import Profile

ENTRY_POINT_GROUP = "gateway.drivers"


@dataclass(frozen=True, slots=True)
class DriverType:
    """A driver as registered under the entry-point group `gateway.drivers`.

    `transports` are the transport types its links may name; none means that it brings its own
    connection. `home` is its folder, with `README.md`, `sample.yaml` and `profiles/*.yaml`.
    """

    name: str
    version: str
    build: Callable[[LinkEntry], Driver | PollingDriver]
    home: Traversable
    profile: type[Profile]
    link: type[LinkOptions] = LinkOptions
    device: type[DeviceOptions] = DeviceOptions
    transports: frozenset[str] = frozenset()
