"""What the tests of the schedule share: statements as systems and people make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    ClockQuality,
    Coding,
    DeviceEvent,
    Gathering,
    Instant,
    Kind,
    OrderStatement,
    PatientStatement,
    RawId,
    ResourceKind,
    ResourceUse,
    Source,
    Value,
    from_datetime,
)
from gateway.profile import POINT_SYSTEM
from gateway.room import ACTION_SYSTEM
from gateway.schedule.book import KINDS, ScheduleBook, Setting
from gateway.schedule.options import ScheduleOptions
from gateway.schedule.tables import Tables
from gateway.testing import known_ring
from tests.unit.patients.people_case import said as patient

S = TypeVar("S")

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = 60_000_000

OPTIONS = ScheduleOptions.model_validate(
    {
        "resources": {
            "linac-1": {"name": {"en": "Linac 1", "zh-CN": "加速器1"}, "known_as": ["LA1"]},
            "linac-2": {"name": {"en": "Linac 2", "zh-CN": "加速器2"}, "known_as": ["RIS|2"]},
            "ct": {"name": "CT", "kind": "imaging"},
        }
    }
)


def at(text: str) -> Instant:
    """An instant of 23 November 2026 in Shanghai: `at("09:15")`."""
    clock = datetime.strptime(f"2026-11-23 {text}", "%Y-%m-%d %H:%M")  # noqa: DTZ007
    return from_datetime(clock.replace(tzinfo=SHANGHAI))


NOW = at("12:00")


def booked(
    filler: str = "F1",
    time: str = "",
    *,
    placer: str = "",
    status: str = "booked",
    resource: str = "LA1",
    who: PatientStatement | str | None = "1",
    minutes: float | None = None,
    gathering: Gathering = Gathering.REPLACE,
    reschedules: bool = False,
    book: str = "HIS",
    day: str = "2026-11-23",
    kind: str = "",
) -> AppointmentStatement:
    """A statement on an appointment, at `time` of 23 November."""
    return AppointmentStatement(
        book=book,
        placer=placer,
        filler=filler,
        status=AppointmentStatus(status) if status else None,
        start=at(time) if time else None,
        day=day if time else "",
        minutes=minutes,
        kind=kind,
        resources=(ResourceUse(ResourceKind.EQUIPMENT, resource),) if resource else (),
        gathering=gathering,
        reschedules=reschedules,
        patient=patient(who) if isinstance(who, str) else who,
    )


def event(
    minute: float,
    statement: AppointmentStatement | OrderStatement,
    *,
    source: str = "his",
    raw: int | None = None,
) -> DeviceEvent:
    """An event of a source, `minute` minutes after midnight."""
    happened = Instant(at("00:00") + int(minute * MINUTE))
    kind = Kind.APPOINTMENT if isinstance(statement, AppointmentStatement) else Kind.ORDER
    return DeviceEvent(
        id=blake2b(repr((minute, statement, source)).encode(), digest_size=16).digest(),
        site="site",
        source=Source(source, "hl7"),
        kind=kind,
        code=Coding(POINT_SYSTEM, "SIU^S14"),
        value=Value("S14"),
        unit="",
        received_at=NOW,
        observed_at=happened,
        clock=ClockQuality.DEVICE,
        raw_id=RawId(raw or int(minute * 10) + 1),
        payload=statement.payload(),
    )


def act(
    minute: float, code: str, statement: AppointmentStatement, reason: str = "because", **more: Any
) -> DeviceEvent:
    """What a person did, `minute` minutes after midnight."""
    happened = Instant(at("00:00") + int(minute * MINUTE))
    return DeviceEvent(
        id=blake2b(repr((minute, code, statement)).encode(), digest_size=16).digest(),
        site="site",
        source=Source("gateway", "gateway"),
        kind=Kind.ACTION,
        code=Coding(ACTION_SYSTEM, code),
        value=Value(reason),
        unit="",
        received_at=happened,
        observed_at=happened,
        actor="person:wang",
        payload={"said": statement.payload(), **more},
    )


class Told:
    """A book in memory, and the events that it was told."""

    def __init__(
        self, options: ScheduleOptions = OPTIONS, neighbours: Sequence[object] = ()
    ) -> None:
        def neighbour(kind: type[S]) -> S:
            for each in neighbours:
                if isinstance(each, kind):
                    return each
            raise LookupError(kind.__name__)

        book = ScheduleBook(Path(":memory:"), known_ring(), Tables, ThreadPoolExecutor(1), KINDS)
        self.book = book.at(Setting(SHANGHAI, options, neighbour))
        self._seq = 0

    async def tell(self, *events: DeviceEvent) -> None:
        """Each event as if the store gave it the next seq."""
        numbered = []
        for each in events:
            self._seq += 1
            numbered.append(replace(each, seq=self._seq))
        if numbered:
            await self.book.apply(numbered, _nothing_follows)


async def _nothing_follows(events: Iterable[DeviceEvent]) -> None:
    raise AssertionError(list(events))
