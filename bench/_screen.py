"""A client of a live stream that notes how long what it was told took to arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

from bench._http import LOOPBACK, Server

PATIENCE = 20.0
AT_ONCE = 100

Heard = Callable[[bytes, int], Iterable[float]]
"""The delays, in milliseconds, of the events in a chunk that came at a monotonic time in ns."""


class Screen(asyncio.Protocol):
    """One connection; the clock is the machine's, for both ends."""

    def __init__(self, heard: Heard) -> None:
        self.delays: list[float] = []
        self.size = 0
        self._heard = heard
        self._ready = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    async def open(self, server: Server, path: str) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, LOOPBACK, server.port)
        self._transport.write(server.head(path))
        async with asyncio.timeout(PATIENCE):
            await self._ready

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self._ready.done():
            self._ready.set_result(None)
        for delay in self._heard(data, now):
            self.delays.append(delay)
            self.size = len(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def opened(server: Server, path: str, count: int, heard: Heard) -> list[Screen]:
    """So many screens, connected, a hundred at once."""
    screens = [Screen(heard) for _ in range(count)]
    for first in range(0, count, AT_ONCE):
        group = screens[first : first + AT_ONCE]
        await asyncio.gather(*(screen.open(server, path) for screen in group))
    return screens


async def all_have(screens: Sequence[Screen], number: int) -> None:
    """Until each has heard so many events."""
    async with asyncio.timeout(PATIENCE):
        while any(len(each.delays) < number for each in screens):  # noqa: ASYNC110 - many clients
            await asyncio.sleep(0.02)
