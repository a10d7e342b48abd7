"""Following the store: what is on disk first, then what is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

from gateway.model import DeviceEvent
from gateway.store.query import EventQuery
from gateway.store.tail import Tail

_PAGE = 1000

Read = Callable[[EventQuery], Awaitable[list[DeviceEvent]]]


class Stream:
    """The sequence of events as followers see it: one shared tail in memory, the rest on disk."""

    def __init__(self, last_seq: int, tail_events: int, read: Read) -> None:
        self.last_seq = last_seq
        self._tail = Tail(last_seq, tail_events)
        self._read = read
        self._news = asyncio.Event()
        self._ended = False

    def extend(self, stored: Sequence[tuple[int, DeviceEvent]], last_seq: int) -> None:
        """Take in a group that is on disk, and wake who waits for it."""
        self._tail.add(stored)
        self.last_seq = last_seq
        self._announce()

    def end(self) -> None:
        """Let every follower finish."""
        self._ended = True
        self._announce()

    def forget(self) -> None:
        """Read everything before now from disk."""
        self._tail.forget()

    def recent(self, after: int, limit: int) -> list[DeviceEvent] | None:
        """The `limit` events after a seq if memory holds them, else None."""
        events = self._tail.after(after, limit)
        return None if events is None else list(events[:limit])

    async def follow(self, after: int) -> AsyncGenerator[Sequence[DeviceEvent], None]:
        """Events after a seq, in order, none left out, until the end."""
        while not self._ended:
            news, upto = self._news, self.last_seq
            events = self._tail.after(after)
            if events is None:
                events = await self._read(EventQuery(after, upto, _PAGE))
                after = after if events else upto
            elif not events:
                await news.wait()
            if events:
                after = events[-1].seq
                yield events

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
