"""The running gateway as the API and the pages see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from gateway.driver import LinkEntry, Part, Whole
from gateway.errors import Problem
from gateway.model import (
    DeviceEvent,
    Instant,
    Kind,
    QuarantineReason,
    RawId,
    WireRecord,
)
from gateway.registry import Registry
from gateway.room import Entry, Glance, Hit, Principal, Site, Telling
from gateway.store import QuarantineEntry, RollupRow
from gateway.web.metric import Metric

if TYPE_CHECKING:
    from gateway.supervisor import LinkStatus, Selection, Tapped, Trial

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether acknowledgements are given. `reason` says why not, or warns (a disk nearly full)."""

    ready: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What runs beside what the file says now, as plain values without secrets.

    `on_disk` is None where the file can't be used; `problems` say why. `reload` tells by kind of
    change what taking it over would do, and what needs a restart.
    """

    file: str
    running: Mapping[str, Any]
    on_disk: Mapping[str, Any] | None
    problems: Sequence[Problem] = ()
    reload: Mapping[str, Sequence[str]] = field(default_factory=dict)


class History(Protocol):
    """What is read of the event store."""

    def latest(self, device: str | None = None) -> Sequence[DeviceEvent]: ...

    @property
    def last_seq(self) -> int: ...

    async def events(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        device: str | None = None,
        kinds: Collection[Kind] = (),
        code: str | None = None,
        upto: int | None = None,
    ) -> Sequence[DeviceEvent]: ...

    async def seq_before(self, seq: int) -> int:
        """The highest seq of an event below `seq`, 0 if there is none: a restore leaves a gap."""
        ...

    async def event(self, seq: int) -> DeviceEvent | None: ...

    async def record(self, raw_id: RawId) -> WireRecord | None: ...

    async def records(
        self,
        *,
        link: str | None = None,
        device: str | None = None,
        before: RawId | None = None,
        limit: int = 100,
    ) -> Sequence[WireRecord]: ...

    async def quarantine(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        reason: QuarantineReason | None = None,
        device: str | None = None,
        open_only: bool = False,
    ) -> Sequence[QuarantineEntry]: ...

    async def rollup(
        self, device: str, code: str, start: Instant, end: Instant, bucket: Literal["5m", "1h"]
    ) -> Sequence[RollupRow]: ...

    def follow(self, after: int) -> AsyncIterator[Sequence[DeviceEvent]]: ...


class GatewayView(Protocol):
    """Given to `gateway.api.open_app` and `gateway.console.Console` by the app."""

    @property
    def site(self) -> Site: ...

    @property
    def version(self) -> str: ...

    @property
    def registry(self) -> Registry: ...

    @property
    def store(self) -> History: ...

    def now(self) -> Instant: ...

    def readiness(self) -> Readiness: ...

    def links(self) -> Sequence[LinkStatus]: ...

    def metrics(self) -> Iterable[Metric]:
        """Counters and gauges of the engine, besides those that the API knows itself."""
        ...

    def subscriber(self, kind: type[S]) -> S:
        """The running subscriber of a class, to ask what a room knows; its room must be open."""
        ...

    def navigation(self) -> Sequence[Entry]:
        """The entries of all open rooms, by place."""
        ...

    def packages(self) -> Sequence[str]:
        """The packages in which open rooms keep templates and catalogues."""
        ...

    def telling(self) -> Telling:
        """What the events of open rooms are called."""
        ...

    async def glances(self, who: Principal) -> Sequence[Glance]:
        """What the open rooms add to the overview of a principal."""
        ...

    async def find(self, who: Principal, text: str) -> Sequence[Hit]:
        """What the open rooms know by some letters, as far as a principal may see it."""
        ...

    def watch(self, watcher: Callable[[Sequence[DeviceEvent]], None]) -> Callable[[], None]:
        """Call `watcher` with the values of every poll, stored or not; returns how to stop."""
        ...

    def tap(self, link: str) -> AbstractContextManager[asyncio.Queue[Tapped]]:
        """A bounded queue of the bytes that cross a link."""
        ...

    def explain(self, record: WireRecord) -> Sequence[Part]:
        """What the bytes of a record are, by its link's driver; nothing where none can tell."""
        ...

    async def whole(self, record: WireRecord) -> Whole | None:
        """The message that a record is a piece of, by its link's driver; None if there is none."""
        ...

    async def configuration_now(self) -> Configuration:
        """Read devices.yaml and compare it with what runs; nothing is taken over."""
        ...

    async def reload(self) -> Mapping[str, Any]:
        """Take over devices.yaml as it stands; what changed, for JSON. ConfigError if wrong."""
        ...

    async def interpret_again(
        self, wanted: Selection, actor: str, *, from_device: str = ""
    ) -> Mapping[str, Any]:
        """Read the open quarantine entries that fit once more; what became of them, for JSON.

        `from_device` says whose messages they are, whatever sender they name.
        """
        ...

    async def preview(
        self,
        wanted: Selection,
        overlay: Callable[[LinkEntry], LinkEntry],
        *,
        from_device: str = "",
        limit: int = 20,
    ) -> Sequence[Trial]:
        """What the oldest entries that fit would become by links as `overlay` makes them."""
        ...

    async def set_aside(self, wanted: Selection, who: Principal, reason: str) -> int:
        """Note durably that nobody need look at what fits; how many entries these were."""
        ...
