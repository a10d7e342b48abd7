"""Fifty rows over HTTP, from the store, against FastAPI sending fifty rows that it has at hand."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence

from bench._http import LOOPBACK, Server, served
from bench._http_server import EVENTS, POINTS
from bench.case import Case, Options

_CONNECTIONS = 8
_ROUNDS = 3


async def run(options: Options) -> Sequence[Case]:
    """Each server has a process of its own; they take turns, and the best round of each counts."""
    seconds = 0.2 if options.smoke else 3.0
    pages = itertools.cycle(range(0, EVENTS - POINTS, POINTS))
    paths = {
        "latest values": itertools.repeat("/api/v1/latest"),
        "a page of events, each another one": (
            f"/api/v1/events?after={after}&limit={POINTS}" for after in pages
        ),
    }
    async with served("rest") as ours, served("bare") as bare:
        best: dict[str, float] = {}
        for _ in range(1 if options.smoke else _ROUNDS):
            for name, path in [("bare", itertools.repeat("/rows")), *paths.items()]:
                rate = await _rate(bare if name == "bare" else ours, path, seconds)
                best[name] = max(best.get(name, 0.0), rate)
    return [_case(name, best[name], best["bare"]) for name in paths]


def _case(name: str, ours: float, bare: float) -> Case:
    return Case(
        name="rest_list",
        case=f"50 rows: {name}",
        ours=ours,
        peer=bare,
        peer_name="FastAPI, Response(orjson.dumps(50 ready rows))",
        unit="request/s",
        better="higher",
        goal=0.5,
        size="50 rows of about 400 bytes, asked by a session; a page of events is audited",
        durable=False,
        peer_ack="the same server program, 8 connections kept alive",
    )


async def _rate(server: Server, paths: Iterator[str], seconds: float) -> float:
    """Answers a second over connections that ask again as soon as they are answered."""
    end = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_ask(server, paths, end) for _ in range(_CONNECTIONS)))
    return sum(counts) / seconds


async def _ask(server: Server, paths: Iterator[str], end: float) -> int:
    reader, writer = await asyncio.open_connection(LOOPBACK, server.port)
    count = 0
    while time.perf_counter() < end:
        writer.write(server.head(next(paths)))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await reader.readexactly(int(size))
        assert body.count(b'"device"') == POINTS
        count += 1
    writer.close()
    await writer.wait_closed()
    return count
