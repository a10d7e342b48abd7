"""Rooms open together, find each other, and act through ports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway.app.rooms import Rooms
from gateway.config import RoomSet, Site
from gateway.config.options import Listeners, StoreOptions
from gateway.model import Kind, Subject, SystemClock
from gateway.room import OWNER, Entry, Permission, Room, RoomContext, Running
from gateway.testing import MemoryAuditor, MemoryRoomPorts, MemoryValues, NoTables, known_ring


class Options(BaseModel):
    level: int = 3


class Desk:
    def __init__(self, level: int) -> None:
        self.level = level


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    level = context.section.level if context.section else 0
    yield Running(services=(Desk(level),))


def _site() -> Site:
    return Site("s", "S", "Asia/Shanghai", "en", False, Listeners(), StoreOptions(), (), {})


async def _opened(
    stack: AsyncExitStack, data: Path, *rooms: Room, optional: tuple[Room, ...] = ()
) -> Rooms:
    opened = Rooms(
        RoomSet({room.name: room for room in rooms}, {room.name: room for room in optional})
    )
    await opened.open(
        stack,
        _site(),
        data=data,
        clock=SystemClock(),
        ports=MemoryRoomPorts(),
        tables=NoTables(),
        audit=MemoryAuditor(),
        links=lambda: (),
        ring=known_ring(),
        values=MemoryValues(),
    )
    return opened


async def test_a_room_whose_section_is_missing_stays_closed_unless_it_is_always_open(
    tmp_path: Path,
) -> None:
    closed = Room("closed", _open, Options)
    always = Room("always", _open, Options)
    async with AsyncExitStack() as stack:
        rooms = await _opened(stack, tmp_path, always, optional=(closed,))
        assert list(rooms.running) == ["always"]
        assert rooms.neighbour(Desk).level == 3


async def test_asking_for_a_closed_room_says_so(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        rooms = await _opened(stack, tmp_path)
        with pytest.raises(LookupError, match="Desk"):
            rooms.neighbour(Desk)


async def test_the_navigation_is_ordered_by_place(tmp_path: Path) -> None:
    late = Room("late", _open, navigation=(Entry("/b", "B", Permission.READ_SITE, 900),))
    soon = Room("soon", _open, navigation=(Entry("/a", "A", Permission.READ_SITE, 100),))
    async with AsyncExitStack() as stack:
        rooms = await _opened(stack, tmp_path, late, soon)
        assert [entry.path for entry in rooms.navigation()] == ["/a", "/b"]


async def test_an_act_names_who_did_it_and_happens_each_time() -> None:
    ports = MemoryRoomPorts()
    first = await ports.act(OWNER, "alarms.acknowledge", subject=Subject(patient="1", issuer="x"))
    second = await ports.act(OWNER, "alarms.acknowledge")
    assert (first, second) == (1, 2)
    event = ports.events[0]
    assert (event.kind, event.actor, event.code.code) == (
        Kind.ACTION,
        "owner",
        "alarms.acknowledge",
    )
