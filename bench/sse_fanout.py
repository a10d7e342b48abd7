"""One event to every screen: the live stream, from the store, against FastAPI's own SSE."""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import Sequence

from bench._http import Server, served
from bench._screen import all_have, opened
from bench.case import Case, Options

_PATHS = {"fan-out": "/api/v1/stream", "fastapi-sse": "/stream"}
_WARM = 20
_PAUSE = 0.5
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
        screens = await opened(server, _PATHS[kind], clients, _stamped)
        await asyncio.sleep(_PAUSE)
        for number in range(1, events + 2):
            await server.publish()
            await all_have(screens, number)
            await asyncio.sleep(_PAUSE)
        memory = (server.resident() - before) / clients / 1000
        for screen in screens:
            screen.close()
    delays = [delay for screen in screens for delay in screen.delays[1:]]
    return statistics.quantiles(delays, n=100)[98], memory, screens[0].size


async def _warm(server: Server, path: str) -> None:
    screens = await opened(server, path, _WARM, _stamped)
    await asyncio.sleep(_PAUSE)
    await server.publish()
    await all_have(screens, 1)
    for screen in screens:
        screen.close()
    await asyncio.sleep(_PAUSE)


def _stamped(data: bytes, now: int) -> list[float]:
    """How long the events in a chunk took, which say themselves when they were sent."""
    return [(now - int(sent)) / 1e6 for sent in _SENT.findall(data)]
