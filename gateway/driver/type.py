"""How a driver introduces itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from gateway.driver.entries import DeviceOptions, Finding, LinkEntry, LinkOptions
from gateway.driver.protocol import Driver, PollingDriver
from gateway.profile import Profile

ENTRY_POINT_GROUP = "gateway.drivers"


@dataclass(frozen=True, slots=True)
class DriverType:
    """A driver as registered under the entry-point group `gateway.drivers`.

    `transports` are the transport types its links may name; none means that it brings its own
    connection. `home` is its folder, with `README.md`, `sample.yaml` and `profiles/*.yaml`.
    `check` looks at all of its links together when a configuration is checked (two devices with
    one address, two links with one client id).
    """

    name: str
    version: str
    build: Callable[[LinkEntry], Driver | PollingDriver]
    home: Traversable
    profile: type[Profile]
    link: type[LinkOptions] = LinkOptions
    device: type[DeviceOptions] = DeviceOptions
    transports: frozenset[str] = frozenset()
    check: Callable[[Sequence[LinkEntry]], Iterable[Finding]] | None = None
