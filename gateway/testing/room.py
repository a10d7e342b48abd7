"""What a room is given, in memory: for tests of rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from gateway.driver import LinkEntry
from gateway.errors import StoreError
from gateway.model import (
    Clock,
    Coding,
    DeviceEvent,
    Direction,
    Instant,
    Quarantined,
    RawId,
    Receipt,
    Subject,
    SystemClock,
    WireRecord,
)
from gateway.room import (
    Auditor,
    Emit,
    Outcome,
    Principal,
    RoomContext,
    RoomTables,
    Site,
    Subscriber,
    Values,
)
from gateway.room.act import act_event
from gateway.seal import DEFAULT, Key, Keyring, suite_named

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class MemoryDelivery:
    id: int
    destination: str
    key: str
    payload: bytes
    created: Instant
    due: Instant
    attempts: int = 0
    error: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class MemoryFate:
    id: int
    destination: str
    key: str
    state: str
    created: Instant
    attempts: int = 0
    error: str = ""


class MemoryOutbox:
    """A `gateway.room.Deliveries`; a delivery is dead after `patience` refusals."""

    def __init__(self, clock: Clock, patience: int = 3) -> None:
        self._clock, self._patience = clock, patience
        self._known: set[tuple[str, str]] = set()
        self.waiting: list[MemoryDelivery] = []
        self.settled: list[MemoryDelivery] = []
        self.gone: list[MemoryDelivery] = []

    async def enqueue(
        self, destination: str, key: str, payload: bytes, *, urgent: bool = False
    ) -> bool:
        if (destination, key) in self._known:
            return False
        self._known.add((destination, key))
        now = self._clock.now()
        number = len(self._known)
        new = MemoryDelivery(number, destination, key, payload, now, now, urgent=urgent)
        self.waiting = sorted([*self.waiting, new], key=lambda each: not each.urgent)
        return True

    async def enqueue_all(
        self, owed: Sequence[tuple[str, str, bytes]], *, urgent: bool = False
    ) -> int:
        return sum([await self.enqueue(*each, urgent=urgent) for each in owed])

    async def head(self, destination: str) -> MemoryDelivery | None:
        return next((each for each in self.waiting if each.destination == destination), None)

    async def owed(self, destination: str, limit: int) -> Sequence[MemoryDelivery]:
        return [each for each in self.waiting if each.destination == destination][:limit]

    async def count(self, destination: str) -> int:
        return sum(each.destination == destination for each in self.waiting)

    async def delivered(self, *deliveries: MemoryDelivery) -> None:
        gone = {each.id for each in deliveries}
        self.settled += [each for each in self.waiting if each.id in gone]
        self.waiting = [each for each in self.waiting if each.id not in gone]

    async def bury(self, delivery: MemoryDelivery, error: str) -> None:
        self.waiting = [each for each in self.waiting if each.id != delivery.id]
        self.gone.append(replace(delivery, attempts=delivery.attempts + 1, error=error))

    async def fates(self, prefix: str, limit: int = 100) -> Sequence[MemoryFate]:
        found = [
            MemoryFate(each.id, each.destination, each.key, state, each.created)
            for state, several in (
                ("waiting", self.waiting),
                ("delivered", self.settled),
                ("dead", self.gone),
            )
            for each in several
            if each.key.startswith(prefix)
        ]
        return sorted(found, key=lambda each: -each.id)[:limit]

    async def failed(self, delivery: MemoryDelivery, error: str) -> None:
        again = replace(delivery, attempts=delivery.attempts + 1, error=error)
        place = next(n for n, each in enumerate(self.waiting) if each.id == delivery.id)
        if again.attempts >= self._patience:
            del self.waiting[place]
            self.gone.append(again)
        else:
            self.waiting[place] = again

    async def later(self, delivery: MemoryDelivery, error: str) -> None:
        place = next(n for n, each in enumerate(self.waiting) if each.id == delivery.id)
        self.waiting[place] = replace(delivery, attempts=delivery.attempts + 1, error=error)

    async def dead(self, limit: int = 100) -> Sequence[MemoryDelivery]:
        return self.gone[:limit]

    async def revive(self, delivery_id: int) -> bool:
        found = [each for each in self.gone if each.id == delivery_id]
        self.gone = [each for each in self.gone if each.id != delivery_id]
        self.waiting += [replace(each, attempts=0) for each in found]
        return bool(found)


class MemoryValues:
    """A `gateway.room.Values` that a test fills."""

    def __init__(self) -> None:
        self.newest: dict[tuple[str, Coding], DeviceEvent] = {}
        self._watchers: list[Callable[[Sequence[DeviceEvent]], None]] = []

    def latest(self, device: str | None = None) -> Sequence[DeviceEvent]:
        return [event for key, event in self.newest.items() if device in (None, key[0])]

    def watch(self, watcher: Callable[[Sequence[DeviceEvent]], None]) -> Callable[[], None]:
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def poll(self, *events: DeviceEvent) -> None:
        """Values that come by a poll and are not stored."""
        self.newest.update({(event.source.device, event.code): event for event in events})
        for watcher in self._watchers:
            watcher(events)


class MemoryRoomPorts:
    """A `gateway.room.RoomPorts` that keeps everything in memory.

    `events` are stored as the store would, once each, with rising seqs. Set `refuses` to make
    every append raise StoreError.
    """

    def __init__(self, site: str = "site", clock: Clock | None = None) -> None:
        self.site, self.clock = site, clock or SystemClock()
        self.events: list[DeviceEvent] = []
        self.records: dict[RawId, WireRecord] = {}
        self.quarantined: list[Quarantined] = []
        self.said: list[tuple[str, str, str]] = []
        self.outbox = MemoryOutbox(self.clock)
        self.refuses = False
        self._ids: set[bytes] = set()
        self._raw = self._acts = 0

    @property
    def last_seq(self) -> int:
        return len(self.events)

    def record(
        self,
        link: str,
        data: bytes,
        *,
        direction: Direction = Direction.IN,
        device: str = "",
        session: str = "",
    ) -> WireRecord:
        self._raw += 1
        now = self.clock.now()
        return WireRecord(RawId(self._raw), link, device, direction, session, now, data)

    async def journal(self, *records: WireRecord) -> None:
        self._keep(records)

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        self._keep(wire)
        fresh = [event for event in events if event.id not in self._ids]
        seqs = []
        for event in fresh:
            self._ids.add(event.id)
            self.events.append(event.stored_as(self.last_seq + 1))
            seqs.append(self.last_seq)
        return Receipt(tuple(seqs), duplicate=len(events) - len(fresh))

    async def quarantine(self, entry: Quarantined, *wire: WireRecord) -> None:
        self._keep(wire)
        self.quarantined.append(entry)

    async def act(
        self,
        who: Principal,
        code: str,
        *,
        text: str = "",
        subject: Subject | None = None,
        payload: Mapping[str, Any] | None = None,
        caused_by: bytes = b"",
    ) -> int:
        self._acts += 1
        event = act_event(
            b"act".ljust(8, b"-") + self._acts.to_bytes(8, "big"),
            self.site,
            self.clock.now(),
            who,
            code,
            text=text,
            subject=subject,
            payload=payload,
            caused_by=caused_by,
        )
        (seq,) = (await self.publish((event,))).seqs
        return seq

    def system(self, code: str, text: str, detail: str = "") -> None:
        self.said.append((code, text, detail))

    async def waiting(self, limit: int = 100) -> int:
        return min(len(self.quarantined), limit)

    async def bytes_of(self, raw_id: RawId) -> WireRecord | None:
        return self.records.get(raw_id)

    async def feed(self, *subscribers: Subscriber) -> None:
        """Hand every subscriber what it has not seen, until nothing follows any more."""
        moved = True
        while moved:
            moved = False
            for each in subscribers:
                news = self.events[each.cursor() :]
                if news:
                    await each.apply(news, self._emit)
                    moved = True

    @property
    def _emit(self) -> Emit:
        async def emit(events: Sequence[DeviceEvent]) -> None:
            await self.publish(events)

        return emit

    def _keep(self, records: Sequence[WireRecord]) -> None:
        if self.refuses:
            raise StoreError("the disk refuses")
        self.records.update((record.raw_id, record) for record in records)


@dataclass(frozen=True, slots=True)
class Audited:
    action: str
    who: Principal
    outcome: Outcome
    subject: Subject | None
    objects: Mapping[str, str]
    detail: str
    address: str


class MemoryAuditor:
    """A `gateway.room.Auditor` that keeps its entries."""

    def __init__(self) -> None:
        self.entries: list[Audited] = []

    async def record(
        self,
        action: str,
        who: Principal,
        *,
        outcome: Outcome = Outcome.SUCCESS,
        subject: Subject | None = None,
        objects: Mapping[str, str] | None = None,
        detail: str = "",
        address: str = "",
    ) -> None:
        self.entries.append(Audited(action, who, outcome, subject, objects or {}, detail, address))


def known_ring() -> Keyring:
    """A keyring that protects nothing: everybody knows its key. The same one each time."""
    return Keyring("known", (Key(1, suite_named(DEFAULT), "", bytes(32)),), 1)


class NoTables:
    """A `gateway.room.RoomTables` for rooms that bring none."""

    def use(self) -> NoReturn:
        raise StoreError("this room was given no tables")


def room_context(
    data: Path,
    ports: MemoryRoomPorts | None = None,
    *,
    section: Any = None,
    links: Sequence[LinkEntry] = (),
    neighbours: Sequence[object] = (),
    tables: RoomTables | None = None,
    audit: Auditor | None = None,
    values: Values | None = None,
) -> RoomContext:
    """The context of a room at a site in Shanghai whose locale is zh-CN."""
    ports = ports or MemoryRoomPorts()
    site = Site(
        ports.site, {"en": "Example Hospital", "zh-CN": "示例医院"}, "Asia/Shanghai", "zh-CN"
    )

    def neighbour(kind: type[S]) -> S:
        found = next((each for each in neighbours if isinstance(each, kind)), None)
        if found is None:
            raise LookupError(kind.__name__)
        return found

    return RoomContext(
        site,
        ports.clock,
        data,
        section,
        ports,
        tables or NoTables(),
        audit or MemoryAuditor(),
        lambda: tuple(links),
        neighbour,
        known_ring(),
        values or MemoryValues(),
    )
