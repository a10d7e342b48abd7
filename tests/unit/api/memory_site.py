"""A site without wires: the real registry over a history in memory, for tests of HTTP and pages."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from gateway.driver import DeviceEntry, DeviceOptions, Part, Whole
from gateway.lab import LabDesk
from gateway.lab.tables import Tables
from gateway.mapping import Mappings
from gateway.mapping.tables import Tables as MappingTables
from gateway.model import (
    Clock,
    ClockQuality,
    Coding,
    DeviceEvent,
    Direction,
    Instant,
    Kind,
    Localized,
    Quality,
    Quarantined,
    QuarantineReason,
    RawId,
    Source,
    Status,
    Subject,
    Value,
    WireRecord,
)
from gateway.profile import (
    LOINC,
    POINT_SYSTEM,
    Analyte,
    AnalyzerProfile,
    Grade,
    Point,
    Profile,
)
from gateway.projection import Projection
from gateway.registry import DeviceState, Registry
from gateway.room import Entry, Glance, Hit, Principal, Site, Telling
from gateway.store import QuarantineEntry, RollupRow
from gateway.supervisor import Selection, Trial
from gateway.supervisor.link import LinkState, LinkStatus
from gateway.supervisor.tap import TapHub, Tapped
from gateway.testing import MemoryAuditor, MemoryRoomPorts, known_ring
from gateway.web import Configuration, Metric, Readiness
from tests.unit.lab.lab_case import listings_follow

S = TypeVar("S")

SITE = "xiehe-rt"
NOON = Instant(1_795_435_200_000_000)
SECOND = 1_000_000

METER = Profile(
    profile="three-phase-meter",
    driver="modbus",
    title={"en": "Three-phase meter", "zh-CN": "三相电表"},
    grade=Grade.DERIVED,
    source="made for tests",
    points={
        "voltage-l1": Point(name={"en": "Voltage L1", "zh-CN": "A 相电压"}, unit="V"),
        "current-l1": Point(name={"en": "Current L1", "zh-CN": "A 相电流"}, unit="A"),
        "power": Point(name={"en": "Active power", "zh-CN": "有功功率"}, unit="kW"),
        "energy": Point(name={"en": "Active energy", "zh-CN": "有功电能"}, unit="kW.h"),
    },
)
ROOM = Profile(
    profile="temperature-humidity",
    driver="mqtt",
    title={"en": "Room sensor", "zh-CN": "温湿度传感器"},
    grade=Grade.DERIVED,
    source="made for tests",
    points={
        "temperature": Point(name={"en": "Temperature", "zh-CN": "温度"}, unit="Cel"),
        "humidity": Point(name={"en": "Humidity", "zh-CN": "湿度"}, unit="%"),
    },
)

CHEMISTRY = AnalyzerProfile(
    profile="chemistry-analyzer",
    driver="astm",
    title={"en": "Chemistry analyzer", "zh-CN": "生化分析仪"},
    grade=Grade.DERIVED,
    source="made for tests",
    points={
        "GLU": Analyte(
            name={"en": "Glucose", "zh-CN": "葡萄糖"}, unit="mmol/L", system=LOINC, code="2345-7"
        ),
        "K": Analyte(
            name={"en": "Potassium", "zh-CN": "钾"}, unit="mmol/L", system=LOINC, code="2823-3"
        ),
    },
)


class Stopped:
    """A clock that stands until it is set."""

    def __init__(self, instant: Instant = NOON) -> None:
        self.instant = instant

    def now(self) -> Instant:
        return self.instant


class MemoryHistory:
    """The read side of the event store, and `add` to feed it."""

    def __init__(self) -> None:
        self._events: list[DeviceEvent] = []
        self._records: dict[RawId, WireRecord] = {}
        self._latest: dict[tuple[str, str], DeviceEvent] = {}
        self._quarantined: list[QuarantineEntry] = []
        self._grown = asyncio.Condition()
        self.rows: list[RollupRow] = []

    @property
    def last_seq(self) -> int:
        return len(self._events)

    async def add(self, *events: DeviceEvent) -> None:
        stored = [
            replace(event, seq=self.last_seq + place) for place, event in enumerate(events, 1)
        ]
        async with self._grown:
            self._events.extend(stored)
            for event in stored:
                self.observe(event)
            self._grown.notify_all()

    def observe(self, event: DeviceEvent) -> None:
        self._latest[event.source.device, event.code.code] = event

    def keep(self, record: WireRecord) -> None:
        self._records[record.raw_id] = record

    def put_aside(self, entry: Quarantined) -> None:
        place = len(self._quarantined) + 1
        self._quarantined.append(QuarantineEntry(place, entry))

    def latest(self, device: str | None = None) -> list[DeviceEvent]:
        return [event for key, event in self._latest.items() if device in (None, key[0])]

    async def seq_before(self, seq: int) -> int:
        return max(0, min(seq - 1, self.last_seq))

    async def event(self, seq: int) -> DeviceEvent | None:
        return next((event for event in self._events if event.seq == seq), None)

    async def events(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        device: str | None = None,
        kinds: Collection[Kind] = (),
        code: str | None = None,
        upto: int | None = None,
    ) -> list[DeviceEvent]:
        await asyncio.sleep(0)
        wanted = (
            event
            for event in self._events[after:upto]
            if device in (None, event.source.device)
            and (not kinds or event.kind in kinds)
            and code in (None, event.code.code)
        )
        return [event for event, _ in zip(wanted, range(limit), strict=False)]

    async def record(self, raw_id: RawId) -> WireRecord | None:
        return self._records.get(raw_id)

    async def records(
        self,
        *,
        link: str | None = None,
        device: str | None = None,
        before: RawId | None = None,
        limit: int = 100,
    ) -> list[WireRecord]:
        found = [
            record
            for record in sorted(self._records.values(), key=lambda each: -each.raw_id)
            if link in (None, record.link)
            and device in (None, record.device)
            and (before is None or record.raw_id < before)
        ]
        return found[:limit]

    async def quarantine(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        reason: QuarantineReason | None = None,
        device: str | None = None,
        open_only: bool = False,
    ) -> list[QuarantineEntry]:
        found = [
            each
            for each in self._quarantined
            if each.id > after
            and reason in (None, each.entry.reason)
            and device in (None, each.entry.device)
            and not (open_only and each.resolved)
        ]
        return found[:limit]

    async def rollup(
        self, device: str, code: str, start: Instant, end: Instant, bucket: Literal["5m", "1h"]
    ) -> list[RollupRow]:
        return [
            row
            for row in self.rows
            if (row.device, row.code) == (device, code)
            and start <= row.start < end
            and row.start % (300 * SECOND if bucket == "5m" else 3600 * SECOND) == 0
        ]

    async def follow(self, after: int) -> AsyncIterator[Sequence[DeviceEvent]]:
        while True:
            async with self._grown:
                while self.last_seq <= after:
                    await self._grown.wait()
                events = self._events[after:]
            after += len(events)
            yield events


class MemorySite:
    """A `GatewayView` whose state a test sets."""

    version = "0.0.0"

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Stopped()
        self.site = Site(
            SITE, {"en": "Example Hospital", "zh-CN": "示例医院"}, "Asia/Shanghai", "zh-CN"
        )
        self.registry = Registry()
        self.store = MemoryHistory()
        self.taps = TapHub(self.clock)
        self.state = Readiness(ready=True)
        self.asked: list[str] = []
        self.hits: list[Hit] = []
        self.configuration = Configuration("devices.yaml", {}, {})
        self.glance = Glance()
        self.parts: dict[int, Sequence[Part]] = {}
        self.wholes: dict[int, Whole] = {}
        self.outcome: dict[str, Any] = {"resolved": 0, "events": 0, "waiting": {}}
        self.desk = LabDesk(
            Path(":memory:"), known_ring(), Tables, ThreadPoolExecutor(1), {Kind.RESULT}
        )
        self.mappings = Mappings(
            Projection(Path(":memory:"), known_ring(), MappingTables, ThreadPoolExecutor(1)),
            MemoryRoomPorts(),
            MemoryAuditor(),
        )
        self.subscribers: list[Any] = []
        self._watchers: list[Callable[[Sequence[DeviceEvent]], None]] = []
        self._links: dict[str, LinkStatus] = {}

    def now(self) -> Instant:
        return self.clock.now()

    def readiness(self) -> Readiness:
        return self.state

    def links(self) -> list[LinkStatus]:
        return list(self._links.values())

    def metrics(self) -> Iterable[Metric]:
        return [Metric.single("isogate_test_total", "Given by the view.", "counter", 7)]

    def subscriber(self, kind: type[S]) -> S:
        found = [
            each for each in (self.desk, self.mappings, *self.subscribers) if isinstance(each, kind)
        ]
        assert found, kind
        return found[0]

    def navigation(self) -> Sequence[Entry]:
        return ()

    def packages(self) -> Sequence[str]:
        return ()

    def telling(self) -> Telling:
        return {}

    async def glances(self, _who: Principal) -> Sequence[Glance]:
        return (self.glance,)

    async def find(self, _who: Principal, text: str) -> Sequence[Hit]:
        return [hit for hit in self.hits if text in hit.label]

    async def hear(self, *events: DeviceEvent) -> list[DeviceEvent]:
        """Store events and fold them, as the gateway does; what was stored."""
        last_seq = self.store.last_seq
        await self.store.add(*events)
        stored = await self.store.events(after=last_seq, limit=len(events))
        await self.desk.apply(stored, listings_follow)
        return stored

    def watch(self, watcher: Callable[[Sequence[DeviceEvent]], None]) -> Callable[[], None]:
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    @contextmanager
    def tap(self, link: str) -> Iterator[asyncio.Queue[Tapped]]:
        with self.taps.watch(link) as queue:
            yield queue

    def explain(self, record: WireRecord) -> Sequence[Part]:
        return self.parts.get(record.raw_id, ())

    async def whole(self, record: WireRecord) -> Whole | None:
        return self.wholes.get(record.raw_id)

    async def configuration_now(self) -> Configuration:
        return self.configuration

    async def reload(self) -> Mapping[str, Any]:
        self.asked.append("reload")
        return {"changed": []}

    async def interpret_again(
        self, wanted: Selection, actor: str, **_more: str
    ) -> Mapping[str, Any]:
        asked = [wanted.device, wanted.reason, actor]
        self.asked.append(" ".join(str(each) for each in ("interpret", *asked)))
        return {**self.outcome, "asked": asked}

    async def preview(self, *_asked: Any, **_more: Any) -> Sequence[Trial]:
        return ()

    async def set_aside(self, wanted: Selection, who: Principal, reason: str) -> int:
        self.asked.append(f"set aside {wanted.subject} {who.id} {reason}")
        return 1

    def furnish(self, entries: Sequence[tuple[str, DeviceEntry]]) -> None:
        self.registry.replace(entries, self.now())
        by_link = defaultdict(str, {entry.link: driver for driver, entry in entries})
        self._links = {
            link: LinkStatus(link, driver, LinkState.UP, self.now())
            for link, driver in by_link.items()
        }

    def poll(self, *events: DeviceEvent) -> None:
        """Values that came without being stored."""
        for event in events:
            self.store.observe(event)
        for watcher in self._watchers:
            watcher(events)


def device(
    id_: str, name: Localized, profile: Profile, link: str, location: Localized = ""
) -> DeviceEntry:
    return DeviceEntry(id_, name, link, profile, DeviceOptions(), 1.0, location, simulated=True)


def measured(
    device_: str,
    code: str,
    text: str,
    unit: str,
    *,
    at: Instant = NOON,
    raw_id: int | None = None,
    quality: Quality = Quality.GOOD,
) -> DeviceEvent:
    """A measurement whose id follows from what is given."""
    identity = f"{device_}{code}{text}{at}".encode()
    return DeviceEvent(
        id=identity.ljust(16, b"\0")[:16],
        site=SITE,
        source=Source(device_, "modbus", "1"),
        kind=Kind.MEASUREMENT,
        code=Coding(POINT_SYSTEM, code),
        value=Value(text, float(text)),
        unit=unit,
        received_at=at,
        observed_at=at,
        quality=quality,
        raw_id=None if raw_id is None else RawId(raw_id),
        simulated=True,
    )


def found(
    code: str,
    text: str,
    *,
    device_: str = "chemistry-1",
    specimen: str = "S1",
    at: Instant = NOON,
    raw_id: int | None = None,
    status: Status = Status.FINAL,
    flags: tuple[str, ...] = (),
) -> DeviceEvent:
    """A laboratory result whose id follows from what is given."""
    identity = f"{device_}{specimen}{code}{text}{at}{status}".encode()
    return DeviceEvent(
        id=hashlib.blake2b(identity, digest_size=16).digest(),
        site=SITE,
        source=Source(device_, "astm", "1"),
        kind=Kind.RESULT,
        code=Coding(LOINC, code),
        value=Value(text, float(text)),
        unit="mmol/L",
        received_at=at,
        observed_at=at,
        clock=ClockQuality.DEVICE,
        status=status,
        raw_id=None if raw_id is None else RawId(raw_id),
        simulated=True,
        subject=Subject(specimen=specimen) if specimen else None,
        flags=flags,
        range_text="3.9 - 6.1",
    )


def analyzer() -> tuple[str, DeviceEntry]:
    """An analyzer to furnish a site with."""
    name = {"en": "Chemistry analyzer 1", "zh-CN": "生化分析仪 1"}
    return "astm", device(
        "chemistry-1", name, CHEMISTRY, "lab-line", {"en": "Lab", "zh-CN": "检验科"}
    )


def furnished(clock: Clock | None = None, *more: tuple[str, DeviceEntry]) -> MemorySite:
    """Two devices and `more`, the meter online, all known."""
    site = MemorySite(clock)
    vault = {"en": "Vault 1", "zh-CN": "一号机房"}
    meter = {"en": "Linac meter", "zh-CN": "加速器电表"}
    climate = {"en": "Vault climate", "zh-CN": "机房温湿度"}
    site.furnish(
        [
            ("modbus", device("meter-1", meter, METER, "bus", vault)),
            ("mqtt", device("room-1", climate, ROOM, "broker", vault)),
            *more,
        ]
    )
    site.registry.move("meter-1", DeviceState.ONLINE, site.now())
    site.registry.seen("meter-1", site.now())
    return site


def wire(raw_id: int, data: bytes, *, device_: str = "meter-1", at: Instant = NOON) -> WireRecord:
    return WireRecord(RawId(raw_id), "bus", device_, Direction.IN, "s1", at, data)
