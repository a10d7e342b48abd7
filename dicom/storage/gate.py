"""Many may be inside at once, or one alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Files that get their name and are not told yet go through; who removes files is alone."""

    def __init__(self) -> None:
        self._inside = 0
        self._free, self._empty = asyncio.Event(), asyncio.Event()
        self._free.set()
        self._empty.set()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def through(self) -> AsyncIterator[None]:
        """Inside with others; waits while somebody is alone."""
        while not self._free.is_set():
            await self._free.wait()
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Inside without others: those who are there end first, those who come wait."""
        async with self._turn:
            self._free.clear()
            try:
                await self._empty.wait()
                yield
            finally:
                self._free.set()
