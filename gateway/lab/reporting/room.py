"""Critical values as a room; open where devices.yaml has its section."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.lab.reporting.desk import ReportDesk
from gateway.lab.reporting.options import CriticalValues
from gateway.lab.reporting.pages import Pages
from gateway.lab.reporting.state import State, Way
from gateway.lab.reporting.telling import TELLS
from gateway.room import Area, Entry, Permission, Room, RoomContext, Running


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    async with ReportDesk.open_in(context) as desk:
        pages = Pages(desk)
        yield Running(subscribers=(desk,), routes=pages.routes, glance=pages.glance)


room = Room(
    name="critical_values",
    open=_open,
    section=CriticalValues,
    package="gateway.lab.reporting",
    tells=TELLS,
    words={"critical-value": tuple(State), "way-of-telling": tuple(Way)},
    navigation=(
        Entry(
            "/critical-values",
            {"en": "Critical values", "zh-CN": "危急值"},
            Permission.READ_RESULTS,
            310,
            Area.LAB,
            "warning",
        ),
    ),
)
