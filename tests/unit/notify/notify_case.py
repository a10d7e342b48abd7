"""A notifier over ports in memory, with strangers that are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from gateway.errors import DeviceUnavailable, ProtocolViolation
from gateway.keys import content_digest
from gateway.model import Coding, DeviceEvent, Instant, Kind, Source, Value, from_datetime
from gateway.notify.courier import Courier
from gateway.notify.notifier import Notifier
from gateway.notify.options import Notify
from gateway.notify.roster import Roster
from gateway.profile import Priority
from gateway.room import Delivery, Notice, RoomContext
from gateway.schedule.calendar import WorkCalendar
from gateway.schedule.options import HolidayOptions
from gateway.testing import ManualClock, MemoryRoomPorts, room_context

SHANGHAI = timezone(timedelta(hours=8))
MONDAY = from_datetime(datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI))
CALENDAR = WorkCalendar(
    HolidayOptions.model_validate(
        {
            "country": "",
            "changes": [
                {"day": date(2026, 10, 1), "working": False},
                {"day": date(2026, 10, 10), "working": True},
            ],
        }
    )
)
"""A national day, and a Saturday that is worked on for it."""

SECTION: dict[str, Any] = {
    "mail": {"host": "127.0.0.1", "port": 2525, "security": "none", "sender": "isogate@h.example"},
    "people": {
        "wang": {"name": "王工", "mail": "wang@h.example", "language": "zh-CN"},
        "li": {"name": "Li", "mail": "li@h.example"},
    },
    "webhooks": {"ops": {"url": "http://127.0.0.1:9/hook", "secret": "s3cret"}},
    "duties": {
        "engineer": [
            {"who": ["wang"], "days": ["mon", "tue", "wed", "thu", "fri"], "holidays": False,
             "start": "08:00", "end": "18:00"},
            {"who": ["li"], "start": "18:00", "end": "08:00"},
            {"who": ["li"]},
        ]
    },
    "routes": [
        {
            "tell": ["engineer", "ops"],
            "priorities": ["high", "critical"],
            "escalate": [{"after": "10 min", "tell": ["li"]}, {"after": "30 min", "tell": ["ops"]}],
        }
    ],
}  # fmt: skip


def roster(section: dict[str, Any] = SECTION) -> Roster:
    """The section's roster in Shanghai, with a holiday, and a Saturday that is worked on."""
    return Roster(
        Notify.model_validate(section),
        lambda moment: moment.astimezone(SHANGHAI),
        lambda: CALENDAR,
    )


def notice(key: str = "alarm:x:1", *, standing: bool = True, **more: Any) -> Notice:
    title = {"en": "Chiller: too warm", "zh-CN": "冷水机组：过热"}
    return Notice(key, standing, **{"priority": Priority.HIGH, "title": title, **more})


def noticed(said: Notice, at: int = MONDAY, number: int = 0) -> DeviceEvent:
    """An event of some room that carries a notice."""
    return DeviceEvent(
        id=content_digest(said.key.encode(), str((said.open, number)).encode()),
        site="site",
        source=Source("chiller-1", "alarms"),
        kind=Kind.ALARM,
        code=Coding("urn:isogate:alarm", "x"),
        value=Value("unacknowledged"),
        unit="",
        received_at=Instant(at),
        observed_at=Instant(at),
        payload=said.as_payload(),
    )


@dataclass(slots=True)
class Stranger:
    """Somebody who is told; `mood` says what becomes of it.

    Nothing with a key of `poison` is taken. After `patience` tellings nobody answers.
    """

    most: int = 1
    mood: str = "takes"
    poison: set[str] = field(default_factory=set)
    patience: int | None = None
    got: list[list[str]] = field(default_factory=list)

    async def tell(self, deliveries: Sequence[Delivery]) -> None:
        if self.mood == "away" or (self.patience is not None and len(self.got) >= self.patience):
            raise DeviceUnavailable("nobody answers")
        if self.mood == "refuses":
            raise ProtocolViolation("410: there is no such address")
        if self.mood == "breaks":
            raise RuntimeError("the library has a bug")
        if not self.poison.isdisjoint(each.key for each in deliveries):
            raise ProtocolViolation("554: content refused")
        self.got.append([each.key for each in deliveries])


class NotifySite:
    """The notifier, its courier and three strangers; a test turns them."""

    def __init__(self, data: Path, section: dict[str, Any] = SECTION) -> None:
        self.data, self.section = data, Notify.model_validate(section)
        self.clock = ManualClock(MONDAY)
        self.ports = MemoryRoomPorts("site", self.clock)
        self.strangers = {
            "mail:wang": Stranger(50),
            "mail:li": Stranger(50),
            "webhook:ops": Stranger(),
        }
        self.notifier: Notifier
        self.courier = self._courier()

    def _courier(self) -> Courier:
        pace = {"mail:wang": 60.0, "mail:li": 60.0}
        return Courier(self.ports.outbox, self.clock, self.strangers, pace)

    def context(self) -> RoomContext:
        return replace(room_context(self.data, self.ports), section=self.section)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[NotifySite]:
        self.courier = self._courier()
        async with Notifier.open(
            self.context(), self.section, roster(), self.courier.wake
        ) as self.notifier:
            yield self

    async def say(self, *said: Notice) -> None:
        at = self.clock.now()
        await self.ports.publish([noticed(each, at, len(self.ports.events)) for each in said])
        await self.ports.feed(self.notifier)

    async def after(self, seconds: float) -> None:
        """Time passes; what is due happens, and goes out."""
        self.clock.advance(seconds)
        await self.notifier.turn()
        await self.ports.feed(self.notifier)
        await self.deliver()

    async def deliver(self) -> None:
        for each in self.courier.rounds.values():
            while await self.courier.deliver(each) == 0:
                pass

    def got(self, name: str) -> list[list[str]]:
        return self.strangers[name].got


def utc(text: str) -> Instant:
    """A moment of Shanghai's clock."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC))
