"""A clock that is off is said once, and once again when it is right; one liar is outvoted."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.errors import DeviceUnavailable
from gateway.room import OWNER
from gateway.testing import ManualClock, MemoryRoomPorts, room_context
from gateway.timekeeping import Offset, Standing, Watch
from gateway.timekeeping.options import TimeOptions
from gateway.timekeeping.room import room
from gateway.timekeeping.source import ask
from simulators.ntp import TimeServer


class Servers:
    """What each server says next; None: nothing."""

    def __init__(self, **offsets: float | None) -> None:
        self.offsets = offsets

    async def ask(self, server: str) -> Offset:
        offset = self.offsets[server]
        if offset is None:
            raise DeviceUnavailable(f"{server} is silent")
        return Offset(offset, 0.001, 2)


def watching(servers: Servers) -> tuple[Watch, MemoryRoomPorts]:
    ports = MemoryRoomPorts()
    options = TimeOptions(servers=tuple(servers.offsets))
    return Watch(options, ports, ManualClock(), servers.ask), ports


async def test_each_turn_is_said_once() -> None:
    servers = Servers(a=0.1)
    watch, ports = watching(servers)
    for offset in (0.1, 0.2, 0.9, 0.95, -0.1, -0.6, None, None):
        servers.offsets["a"] = offset
        await watch.look()
    assert [(code, text) for code, text, _ in ports.said] == [
        ("clock", "right"),
        ("clock", "off"),
        ("clock", "right"),
        ("clock", "off"),
        ("clock", "unknown"),
    ]
    assert "+0.900 s" in ports.said[1][2]


async def test_one_liar_among_three_is_outvoted() -> None:
    watch, _ = watching(Servers(a=0.01, b=3600.0, c=-0.01))
    assert (await watch.look()).standing is Standing.RIGHT


async def test_a_silent_server_is_left_out() -> None:
    watch, _ = watching(Servers(a=None, b=2.0))
    verdict = await watch.look()
    assert (verdict.standing, verdict.offset) == (Standing.OFF, 2.0)


async def test_a_server_on_the_wire_is_compared() -> None:
    async with TimeServer(ahead=7.5).serving() as address:
        found = await ask(address)
    assert found.offset == pytest.approx(7.5, abs=0.5)
    assert found.stratum == 2


@pytest.mark.parametrize("fault", ["silent", "kiss", "unsynchronized", "stranger"])
async def test_a_server_that_gives_no_time_is_unavailable(fault: str) -> None:
    async with TimeServer(fault=fault).serving() as address:
        with pytest.raises(DeviceUnavailable, match="time server"):
            await ask(address, patience=0.2)


async def test_the_room_shows_a_clock_that_is_off(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(TimeServer(ahead=-60).serving())
        context = room_context(tmp_path, section=TimeOptions(servers=(address,)))
        running = await stack.enter_async_context(room.open(context))
        (watch,) = running.services
        assert isinstance(watch, Watch)
        await watch.look()
        assert running.glance is not None
        (attention,) = (await running.glance(OWNER)).attention
    told = re.search(r"-\d+\.\d", str(attention.why))
    assert told is not None
    assert float(told[0]) == pytest.approx(-60, abs=5), "as far as a busy machine can tell"
