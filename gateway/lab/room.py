"""The laboratory as a room; it needs no section in devices.yaml."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from gateway.lab.desk import LabDesk
from gateway.lab.overview import LabOverview
from gateway.lab.paper import lab_papers
from gateway.room import Room, RoomContext, Running


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    async with LabDesk.open(context.data / "store" / "lab.sqlite", context.ring) as desk:
        overview = LabOverview(desk, context.clock, context.site.zone)
        yield Running(
            subscribers=(desk,),
            papers=partial(lab_papers, context, desk),
            glance=overview.glance,
            find=overview.find,
        )


room = Room(name="lab", open=_open)
