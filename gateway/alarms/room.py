"""Alarms as a room; it is always open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.alarms.desk import AlarmDesk
from gateway.alarms.detector import Detector
from gateway.alarms.options import Alarms
from gateway.room import Room, RoomContext, Running


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    path = context.data / "store" / "alarms.sqlite"
    async with AlarmDesk.open(path, context.ring) as desk:
        detector = Detector(context, context.section, desk)
        yield Running(
            subscribers=(desk, detector),
            jobs={"conditions": detector.run},
        )


room = Room(name="alarms", open=_open, section=Alarms, always=True)
