"""Alarms as a room; it is always open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from gateway.alarms.desk import AlarmDesk
from gateway.alarms.detector import Detector
from gateway.alarms.machine import Standing, Step
from gateway.alarms.options import Alarms
from gateway.alarms.pages import Pages
from gateway.alarms.panel import AlarmPanel
from gateway.alarms.paper import alarm_paper, device_paper
from gateway.alarms.tables import Tables
from gateway.alarms.telling import TELLS
from gateway.model import Micros
from gateway.profile import Priority, Severity
from gateway.room import Area, Entry, Paper, Permission, Room, RoomContext, Running

_SECOND = 1_000_000


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    section: Alarms = context.section
    path = context.data / "store" / "alarms.sqlite"
    async with AlarmDesk.open(path, context.ring) as desk:
        looked_at = await desk.ask(Tables.looked_at)
        detector = Detector(context, section, desk, looked_at)
        longest = Micros(round(section.max_shelve * _SECOND))
        panel = AlarmPanel(context, desk, detector, longest)
        pages = Pages(panel)

        async def papers() -> Sequence[Paper]:
            return (await alarm_paper(panel), device_paper(context))

        yield Running(
            subscribers=(desk, detector),
            services=(panel,),
            jobs={"conditions": detector.run},
            routes=pages.routes,
            glance=pages.glance,
            papers=papers,
        )


room = Room(
    name="alarms",
    open=_open,
    section=Alarms,
    package="gateway.alarms",
    tells=TELLS,
    words={
        "standing": tuple(Standing),
        "alarm-step": tuple(Step),
        "priority": tuple(Priority),
        "severity": tuple(Severity),
    },
    navigation=(
        Entry(
            "/alarms",
            {"en": "Alarms", "zh-CN": "报警"},
            Permission.READ_ALARMS,
            20,
            Area.OVERVIEW,
            "bell",
        ),
    ),
)
