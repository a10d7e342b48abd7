"""Values and definitions for tests of alarms."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.alarms import ALARM_SYSTEM, Alarm, AlarmDesk, Detector, Refusal, Standing, Step, Wanted
from gateway.alarms.fact import definition_facts
from gateway.alarms.options import Alarms
from gateway.alarms.tables import Tables
from gateway.driver import DeviceEntry, DeviceOptions, LinkEntry, LinkOptions
from gateway.model import Coding, DeviceEvent, Instant, Kind, Quality, RawId, Source, Value
from gateway.profile import (
    POINT_SYSTEM,
    AlarmLimit,
    AlarmStale,
    AlarmState,
    Grade,
    Point,
    PointAlarms,
    Priority,
    Profile,
)
from gateway.room import OWNER, Auditor, RoomContext, notice_of
from gateway.testing import ManualClock, MemoryRoomPorts, MemoryValues, room_context

NOON = Instant(1_795_435_200_000_000)
SECOND = 1_000_000


def measured(
    number: float,
    *,
    device: str = "chiller-1",
    code: str = "temperature",
    unit: str = "Cel",
    at: int = NOON,
    quality: Quality = Quality.GOOD,
    raw_id: int | None = None,
) -> DeviceEvent:
    """A measurement as a poll gives it: nobody stored it."""
    return DeviceEvent(
        id=b"",
        site="site",
        source=Source(device, "modbus", "1"),
        kind=Kind.MEASUREMENT,
        code=Coding(POINT_SYSTEM, code),
        value=Value(f"{number:g}", number),
        unit=unit,
        received_at=Instant(at),
        observed_at=Instant(at),
        quality=quality,
        raw_id=None if raw_id is None else RawId(raw_id),
    )


PROFILE = Profile(
    profile="chiller",
    driver="modbus",
    title="Chiller",
    grade=Grade.DERIVED,
    source="made for tests",
    points={
        "temperature": Point(name={"en": "Supply temperature", "zh-CN": "供水温度"}, unit="Cel"),
        "pump": Point(kind=Kind.STATE, states={"0": "running", "1": "fault"}),
    },
    alarms={
        "temperature": PointAlarms(
            high=AlarmLimit(limit=25, deadband=2, on_delay=30, off_delay=10),
            stale=AlarmStale(after=900),
        ),
        "pump": PointAlarms(states={"fault": AlarmState(latch=True, priority=Priority.HIGH)}),
    },
)
HIGH, FAULT = "chiller-1/temperature/high", "chiller-1/pump/is-fault"
STALE, OFFLINE, LINK = "chiller-1/temperature/stale", "chiller-1/offline", "link/plant"


def chillers(*names: str, profile: Profile = PROFILE) -> tuple[LinkEntry, ...]:
    """One link with these devices."""
    entries = tuple(
        DeviceEntry(name, {"en": name, "zh-CN": name}, "plant", profile, DeviceOptions(), 1.0)
        for name in names
    )
    return (LinkEntry("plant", "modbus", LinkOptions(), None, entries),)


def pump(word: str, *, device: str = "chiller-1", at: int = NOON) -> DeviceEvent:
    """The state of a pump."""
    text = {"running": "0", "fault": "1"}[word]
    value = Value(text, code=Coding(POINT_SYSTEM, word))
    event = measured(0, device=device, code="pump", unit="", at=at)
    return replace(event, id=_id(f"{device}{word}{at}"), kind=Kind.STATE, value=value)


def availability(device: str, said: str, *, link: str = "", at: int = NOON) -> DeviceEvent:
    """A device came or went."""
    event = measured(0, device=device, code="availability", unit="", at=at)
    payload = {"detail": "no answer", **({"link": link} if link else {})}
    return replace(
        event,
        id=_id(f"{device}{said}{link}{at}"),
        kind=Kind.AVAILABILITY,
        value=Value(said),
        payload=payload,
    )


def system(code: str, said: str, *, at: int = NOON) -> DeviceEvent:
    """The gateway says something of itself."""
    event = measured(0, device="gateway", code=code, unit="", at=at)
    return replace(event, id=_id(f"{code}{said}{at}"), kind=Kind.SYSTEM, value=Value(said))


def _id(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class AlarmSite:
    """The room over ports in memory and a clock that a test moves."""

    def __init__(self, data: Path, *names: str, section: Alarms | None = None) -> None:
        self.clock = ManualClock(NOON)
        self.ports = MemoryRoomPorts("site", self.clock)
        self.values = MemoryValues()
        self.links = chillers(*(names or ("chiller-1",)))
        self.data, self.section = data, section or Alarms()
        self.desk: AlarmDesk
        self.detector: Detector

    def context(self, audit: Auditor | None = None) -> RoomContext:
        context = room_context(self.data, self.ports, values=self.values, audit=audit)
        return replace(context, links=lambda: self.links)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[AlarmSite]:
        """From a start to a `kill -9`: what is not stored is lost."""
        context = self.context()
        async with AlarmDesk.open(self.data / "alarms.sqlite", context.ring) as self.desk:
            looked_at = await self.desk.ask(Tables.looked_at)
            self.detector = Detector(context, self.section, self.desk, looked_at)
            await self.ports.feed(self.desk)
            await self.detector.begin()
            await self.ports.feed(self.desk, self.detector)
            yield self
            self.detector.end()

    async def say(self, *events: DeviceEvent) -> None:
        """What devices send by themselves, or the gateway says: it is stored."""
        await self.ports.publish(events)
        self.values.newest.update({(event.source.device, event.code): event for event in events})
        await self.settle()

    async def poll(self, *events: DeviceEvent) -> None:
        self.values.poll(*events)
        await self.settle()

    async def after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        await self.ports.feed(self.desk, self.detector)
        for _ in range(4):
            await self.detector.turn()
        await self.ports.feed(self.desk, self.detector)

    async def standing(self) -> dict[str, Standing]:
        return {alarm.id: alarm.standing for alarm in await self.desk.standing()}

    async def act(self, id_: str, taken: Step, reason: str = "", **more: Any) -> Alarm | Refusal:
        facts = definition_facts(self.detector.definitions[id_])
        acting = asyncio.create_task(
            self.desk.act(self.ports, OWNER, id_, Wanted(taken, reason, **more), facts)
        )
        while not acting.done():
            await asyncio.sleep(0)
            await self.ports.feed(self.desk, self.detector)
        return await acting

    def told(self, id_: str) -> list[str]:
        """The transitions of an alarm, as the event stream tells them."""
        return [
            event.value.text
            for event in self.ports.events
            if event.code == Coding(ALARM_SYSTEM, id_) and event.value is not None
        ]

    def notices(self, *, wanted: bool = True) -> list[str]:
        """Keys of the notices that open a matter, or that end one."""
        found = (notice_of(event) for event in self.ports.events)
        return [each.key for each in found if each is not None and each.open is wanted]
