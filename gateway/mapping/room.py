"""Mappings as a room; it needs no section in devices.yaml."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.mapping.desk import Mappings
from gateway.mapping.mapping import SET, WITHDRAW
from gateway.room import ACTION_SYSTEM, Room, RoomContext, Running, tells


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    folder = context.data / "store"
    async with Mappings.open(folder, context.ring, context.ports, context.audit) as mappings:
        yield Running(subscribers=(mappings,))


room = Room(
    name="mapping",
    open=_open,
    tells=tells(
        ACTION_SYSTEM,
        {
            SET: ("Mapping set", "设定对照"),
            WITHDRAW: ("Mapping withdrawn", "撤销对照"),
        },
    ),
)
