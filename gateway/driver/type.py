"""How a driver introduces itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import TypeAlias

from gateway.driver.entries import DeviceOptions, Finding, LinkEntry, LinkOptions
from gateway.driver.part import Assemble, Explain
from gateway.driver.protocol import Driver, PollingDriver
from gateway.model import Publication, RawId, WireRecord
from gateway.profile import Profile

ENTRY_POINT_GROUP = "gateway.drivers"

Interpret: TypeAlias = Callable[[LinkEntry, Sequence[WireRecord], RawId], Sequence[Publication]]
"""What the message that holds a raw id says, as the driver would publish it now.

It is given the incoming records of that link and session up to that one, oldest first, at most
2,000, and decides which of them make the message. The publications name their records by
`raw_ids` and have the occurrence that they had the first time, so that what is known already stays
one. ProtocolViolation if the bytes still can't be read.
"""


@dataclass(frozen=True, slots=True)
class DriverType:
    """A driver as registered under the entry-point group `gateway.drivers`.

    `transports` are the transport types its links may name; none means that it brings its own
    connection. `home` is its folder, with `README.md`, `sample.yaml` and `profiles/*.yaml`.
    `check` looks at all of its links together when a configuration is checked (two devices with
    one address, two links with one client id). `interpret` reads journalled bytes again.
    `explain` takes one record apart for the page that shows its bytes; `assemble` the message that
    it is a piece of, for protocols that cut messages into records.
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
    interpret: Interpret | None = None
    explain: Explain | None = None
    assemble: Assemble | None = None
