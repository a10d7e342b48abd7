"""The queue as a room: open where devices.yaml has its section."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from gateway.projection import Projection
from gateway.room import (
    Access,
    Area,
    Entry,
    Glance,
    PageKit,
    Permission,
    Principal,
    Room,
    RoomContext,
    Running,
    Subscriber,
    Tile,
    access,
)
from queue_display.air import Air
from queue_display.api import QueueApi
from queue_display.arrivals import Reception
from queue_display.boards.sender import LineSender
from queue_display.book import QueueBook
from queue_display.desk import QueueDesk
from queue_display.estimate import Estimates
from queue_display.figures_page import FiguresPage
from queue_display.follow import Follower
from queue_display.kiosk import Kiosk
from queue_display.options import Layout, Masking, QueueRoomOptions
from queue_display.outlets import outlets_of
from queue_display.outlets_page import OutletsPage
from queue_display.pages import QueuePages
from queue_display.parts import Parts
from queue_display.readers import CardReaders
from queue_display.registrar import Registrar
from queue_display.scene import Stage
from queue_display.screens import Screens, Zones
from queue_display.signals import SignalTables, kinds_of, tables_for
from queue_display.statistics_page import StatisticsPage
from queue_display.telling import TELLS
from queue_display.terms import Mark, State, Verb
from queue_display.ticket_page import TicketPage

if TYPE_CHECKING:
    from queue_display.voice.announcer import Announcer
    from queue_display.voice.speaker import Speaker

_STATIC = Path(__file__).parent / "static"


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    options: QueueRoomOptions = context.section
    store = context.data / "store"
    async with AsyncExitStack() as stack:
        zone = ZoneInfo(context.site.zone)
        book = await stack.enter_async_context(
            QueueBook.open(store / "queue.sqlite", context.ring, zone)
        )
        subscribers: list[Subscriber] = [book]
        if options.rules:
            subscribers.append(await stack.enter_async_context(_signals(context, store)))
        client = None
        if options.check_in.qr is not None:
            client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        stage = Stage(options, book, context.neighbours)
        estimates = Estimates(stage)
        desk = QueueDesk(context, stage, estimates)
        announcers, speakers = _voices(context, book) if options.announcers else ({}, {})
        air = Air(stage, context.clock, estimates, speakers)
        outlets = await outlets_of(stack, context, stage, air.waits)
        reception = Reception(stage, context.neighbours, client)
        readers = CardReaders(
            options.check_in.kiosks, desk, reception, context.clock, context.ports.last_seq
        )
        follower = Follower(desk, stage, context.clock)

        def routes(kit: PageKit) -> list[BaseRoute]:
            parts = Parts(context, stage, desk, air, reception, readers)
            return [
                *FiguresPage(kit, parts).routes(),
                *StatisticsPage(kit, parts).routes(),
                *QueuePages(kit, parts).routes(),
                *TicketPage(kit, context, desk, stage).routes(),
                *OutletsPage(kit, context, outlets).routes(),
                *Kiosk(kit, parts).routes(),
                *Screens(kit, air, Zones(options, stage.seen), announcers).routes(),
                *QueueApi(context, desk, reception).routes(),
                Mount("/queue-static", access(Access.PUBLIC)(StaticFiles(directory=_STATIC))),
            ]

        async def glance(who: Principal) -> Glance:
            return await _glance(desk, who)

        registrar = Registrar(book, context.neighbours, context.clock)
        jobs = {"air": air.run, "registrar": registrar.run, "follow": follower.run}
        if options.check_in.kiosks:
            subscribers.append(readers)
            jobs["readers"] = readers.run
        for name, line in options.boards.items():
            jobs[f"boards-{name}"] = LineSender(name, line, stage, context.clock).run
        if outlets is not None:
            jobs["outlets"] = outlets.run
        jobs |= {f"voice-{zone}": partial(air.speak, zone) for zone in speakers}
        yield Running(
            subscribers=subscribers,
            services=(desk, air, readers),
            jobs=jobs,
            routes=routes,
            glance=glance,
        )


def _voices(
    context: RoomContext, book: QueueBook
) -> tuple[dict[str, Announcer], dict[str, Speaker]]:
    """Who speaks, by name, and where, by zone."""
    from queue_display.voice.announcer import announcer  # noqa: PLC0415 - numpy, for sound alone
    from queue_display.voice.speaker import Speaker  # noqa: PLC0415 - as above

    options: QueueRoomOptions = context.section
    announcers = {name: announcer(each) for name, each in options.announcers.items()}
    speakers = {
        zone: Speaker(zone, options, announcers, context.clock, book.local)
        for zone, each in options.displays.items()
        if each.voice is not None
    }
    return announcers, speakers


def _signals(
    context: RoomContext, store: Path
) -> AbstractAsyncContextManager[Projection[SignalTables]]:
    options: QueueRoomOptions = context.section
    return Projection[SignalTables].opened(
        store / "queue-signals.sqlite",
        context.ring,
        tables_for(options, context.clock.now()),
        kinds_of(options),
    )


async def _glance(desk: QueueDesk, who: Principal) -> Glance:
    if not who.may(Permission.CALL_PATIENTS):
        return Glance()
    lanes = (await desk.scene(who)).lanes.values()
    waiting = sum(len(each.waiting) for each in lanes)
    inside = sum(len(each.running) for each in lanes)
    label = {"en": "Patients waiting", "zh-CN": "候诊患者"}
    note = {"en": f"{inside} called or inside", "zh-CN": f"{inside} 人已呼叫或在室内"}
    return Glance((Tile(label, str(waiting), "/queue", note=note, place=90),))


room = Room(
    name="queue",
    open=_open,
    section=QueueRoomOptions,
    package="queue_display",
    tells=TELLS,
    navigation=(
        Entry(
            "/queue",
            {"en": "Queue", "zh-CN": "候诊队列"},
            Permission.CALL_PATIENTS,
            40,
            Area.PATIENTS,
            "queue",
        ),
        Entry(
            "/display",
            {"en": "Displays", "zh-CN": "显示屏"},
            Permission.WATCH_DISPLAYS,
            170,
            Area.PATIENTS,
            "image",
        ),
    ),
    words={
        "ticket": tuple(State),
        "take": tuple(Verb),
        "mark": tuple(Mark),
        "layout": tuple(Layout),
        "masking": tuple(Masking),
    },
)
