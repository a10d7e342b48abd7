"""One event to every screen: the live stream, from the store, against FastAPI's own SSE."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import Sequence

from bench._http import LOOPBACK, Server, served
from bench.case import Case, Options

_PATHS = {"fan-out": "/api/v1/stream", "fastapi-sse": "/stream"}
_AT_ONCE = 100
_WARM = 20
_PAUSE = 0.5
_PATIENCE = 20.0
_GOALS = {500: 50.0, 2000: 150.0}
_MEMORY_GOAL = 20.0
_SENT = re.compile(rb'"sent": ?(\d+)')


async def run(options: Options) -> Sequence[Case]:
    """From just before the event is given to the store (or queued) until each client has it."""
    sizes = (5,) if options.smoke else (500, 2000)
    events = 2 if options.smoke else 20
    cases = []
    for clients in sizes:
        ours = await _measure("fan-out", clients, events)
        peer = await _measure("fastapi-sse", clients, events)
        cases += _cases(clients, ours, peer)
    return cases


_Figures = tuple[float, float, int]
"""p99 in milliseconds, kB a client, bytes of an event."""


def _cases(clients: int, ours: _Figures, peer: _Figures) -> list[Case]:
    said = f"one event of {ours[2]} bytes (peer's {peer[2]}) to {clients} clients"
    name = "fastapi.sse, a queue a client, in memory"
    return [
        Case(
            name="sse_fanout",
            case=f"p99 until a client has the event, {clients} clients, peer {peer[0]:.0f} ms",
            ours=ours[0],
            unit="ms",
            better="lower",
            goal=_GOALS.get(clients),
            size=said,
            peer_ack="none; ours is committed before it is sent",
        ),
        Case(
            name="sse_fanout",
            case=f"p99 beside the peer's, {clients} clients",
            ours=ours[0],
            peer=peer[0],
            peer_name=name,
            unit="ms",
            better="lower",
            size=said,
            peer_ack="none; ours is committed before it is sent",
        ),
        Case(
            name="sse_fanout",
            case=f"memory of a client, {clients} clients, peer {peer[1]:.1f} kB",
            ours=ours[1],
            unit="kB",
            better="lower",
            goal=None if clients < min(_GOALS) else _MEMORY_GOAL,
            size="resident memory of the warm server after the events, less before the clients",
            durable=False,
        ),
    ]


async def _measure(kind: str, clients: int, events: int) -> _Figures:
    """A few clients and an event warm the server up; what that takes is not the clients'."""
    async with served(kind) as server:
        await _warm(server, _PATHS[kind])
        before = server.resident()
        screens = [_Screen() for _ in range(clients)]
        for first in range(0, clients, _AT_ONCE):
            group = screens[first : first + _AT_ONCE]
            await asyncio.gather(*(screen.open(server, _PATHS[kind]) for screen in group))
        await asyncio.sleep(_PAUSE)
        for number in range(1, events + 2):
            await server.publish()
            await _all_have(screens, number)
            await asyncio.sleep(_PAUSE)
        memory = (server.resident() - before) / clients / 1000
        for screen in screens:
            screen.close()
    delays = [delay for screen in screens for delay in screen.delays[1:]]
    return statistics.quantiles(delays, n=100)[98], memory, screens[0].size


async def _warm(server: Server, path: str) -> None:
    screens = [_Screen() for _ in range(_WARM)]
    await asyncio.gather(*(screen.open(server, path) for screen in screens))
    await asyncio.sleep(_PAUSE)
    await server.publish()
    await _all_have(screens, 1)
    for screen in screens:
        screen.close()
    await asyncio.sleep(_PAUSE)


async def _all_have(screens: Sequence[_Screen], number: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while any(len(each.delays) < number for each in screens):  # noqa: ASYNC110 - many clients
            await asyncio.sleep(0.02)


class _Screen(asyncio.Protocol):
    """A client that notes how long each event took; the clock is the machine's, for both ends."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.size = 0
        self._ready = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    async def open(self, server: Server, path: str) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, LOOPBACK, server.port)
        self._transport.write(server.head(path))
        async with asyncio.timeout(_PATIENCE):
            await self._ready

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self._ready.done():
            self._ready.set_result(None)
        for sent in _SENT.findall(data):
            self.delays.append((now - int(sent)) / 1e6)
            self.size = len(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
