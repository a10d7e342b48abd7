"""Mappings as a room; it needs no section in devices.yaml."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.mapping.desk import Mappings
from gateway.room import Room, RoomContext, Running


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    folder = context.data / "store"
    async with Mappings.open(folder, context.ring, context.ports, context.audit) as mappings:
        yield Running(subscribers=(mappings,))


room = Room(name="mapping", open=_open)
