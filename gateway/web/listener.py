"""The clients of a stream, and the bytes that wait for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

MOST_WAITING = 256 * 1024
"""Bytes that may wait for one client before it is cut."""


class Listener:
    """A bounded buffer. A client too slow for it is cut, and may come back with Last-Event-ID.

    There are thousands, so it is built of what is small: a deque alone takes 760 bytes.
    """

    __slots__ = ("_chunks", "_ended", "_size", "_wake")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0
        self._ended = False
        self._wake: asyncio.Future[None] | None = None

    def offer(self, chunk: bytes) -> bool:
        """Let a chunk wait for the client; False when that cuts it."""
        if self._size + len(chunk) > MOST_WAITING:
            self.end()
            return False
        self._chunks.append(chunk)
        self._size += len(chunk)
        self._rouse()
        return True

    def end(self) -> None:
        """Drop what waits and end the stream."""
        self._chunks.clear()
        self._ended = True
        self._rouse()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What was offered, until the end. One waiting chunk is passed on without a copy."""
        while not self._ended:
            if not self._chunks:
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
                continue
            waiting = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._chunks.clear()
            self._size = 0
            yield waiting

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class Audience:
    """All who listen to the same: each is given the same bytes."""

    __slots__ = ("_ended", "_listeners")

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._ended = False

    def __len__(self) -> int:
        return len(self._listeners)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """One more, while the block runs; after `end` its stream ends at once."""
        listener = Listener()
        self._listeners.add(listener)
        if self._ended:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def give(self, chunk: bytes) -> int:
        """Let a chunk wait for everybody; how many were too slow for it, and are cut."""
        slow = [each for each in self._listeners if not each.offer(chunk)]
        self._listeners.difference_update(slow)
        return len(slow)

    def end(self) -> None:
        """End every stream, and those that begin later."""
        self._ended = True
        for each in self._listeners:
            each.end()
