"""The page of the backups as a room; the backups themselves are the gateway's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.backup.manifest import Kind
from gateway.backup.pages import PATH, Pages
from gateway.room import ACTION_SYSTEM, Area, Entry, Permission, Room, RoomContext, Running, tells


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    yield Running(routes=Pages(context.neighbours, context.ports).routes)


room = Room(
    name="backups",
    open=_open,
    package="gateway.backup",
    tells=tells(
        ACTION_SYSTEM,
        {
            "backup.backup": ("Backup ordered", "要求备份"),
            "backup.drill": ("Restore drill ordered", "要求恢复演练"),
        },
    ),
    navigation=(
        Entry(
            PATH,
            {"en": "Backups", "zh-CN": "备份"},
            Permission.RUN_BACKUP,
            920,
            Area.SETTINGS,
            "archive",
        ),
    ),
    words={"backup": tuple(Kind)},
)
