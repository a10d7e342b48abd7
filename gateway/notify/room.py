"""The notifier as a room: one for all others; open where devices.yaml has its section."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.notify.courier import Courier
from gateway.notify.glance import Overview
from gateway.notify.letter import Paper
from gateway.notify.lookout import Lookout
from gateway.notify.notifier import Notifier
from gateway.notify.options import Notify
from gateway.notify.pages import Pages
from gateway.notify.roster import Calendar, Roster
from gateway.notify.telling import TELLS
from gateway.notify.way import MailWay, Way, WebhookWay, webhook_client
from gateway.room import (
    Area,
    Entry,
    Permission,
    Room,
    RoomContext,
    Running,
    WorkDays,
    steadily,
)

log = logging.getLogger(__name__)

_TURN = 1.0
CODE = "notify"
"""Code of the system event that says whether people can be told."""


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    section: Notify = context.section
    zone = ZoneInfo(context.site.zone)

    def local(moment: datetime) -> datetime:
        return moment.astimezone(zone)

    roster = Roster(section, local, _calendar(context))
    async with AsyncExitStack() as stack:
        ways = await _ways(stack, context, section, zone)
        pace = {f"mail:{name}": section.pace for name in section.people}
        courier = Courier(context.ports.outbox, context.clock, ways, pace)
        notifier = await stack.enter_async_context(
            Notifier.open(context, section, roster, courier.wake)
        )
        watch = Watch(context, notifier, courier)
        pages = Pages(context, notifier, courier)
        yield Running(
            subscribers=(notifier,),
            jobs={"courier": courier.run, "watch": watch.run},
            routes=pages.routes,
            glance=Overview(context, notifier, courier).glance,
        )


async def _ways(
    stack: AsyncExitStack, context: RoomContext, section: Notify, zone: ZoneInfo
) -> dict[str, Way]:
    ways: dict[str, Way] = {}
    if section.mail is not None:
        pages = section.page_of_site.rstrip("/")
        paper = Paper(context.site.name, zone, section.mail.sender, pages)
        for name, person in section.people.items():
            ways[f"mail:{name}"] = MailWay(section.mail, person, paper, context.clock)
    for name, hook in section.webhooks.items():
        client = await stack.enter_async_context(webhook_client(hook))
        ways[f"webhook:{name}"] = WebhookWay(hook, client, context.clock)
    return ways


class Watch:
    """Escalates, ends silences, and says when people can't be told."""

    def __init__(self, context: RoomContext, notifier: Notifier, courier: Courier) -> None:
        self._notifier = notifier
        self._lookout = Lookout(context.ports, context.clock, courier, CODE)

    async def run(self) -> None:
        """Look every second, until cancelled."""
        await steadily(
            self._turn,
            lambda: asyncio.sleep(_TURN),
            lambda error: log.warning("Notices can't be followed up: %s", error),
        )

    async def _turn(self) -> None:
        await self._notifier.turn()
        await self._lookout.look()


def _calendar(context: RoomContext) -> Calendar:
    """The calendar of the schedule, asked for when it is needed: rooms open in no order."""

    def calendar() -> WorkDays | None:
        try:
            return context.neighbours(WorkDays)
        except LookupError:
            return None

    return calendar


room = Room(
    name="notify",
    open=_open,
    section=Notify,
    package="gateway.notify",
    tells=TELLS,
    words={"delivery": ("waiting", "delivered", "dead")},
    navigation=(
        Entry(
            "/notifications",
            {"en": "Notifications", "zh-CN": "通知"},
            Permission.READ_ALARMS,
            30,
            Area.OVERVIEW,
            "message",
            also=(),
        ),
    ),
)
