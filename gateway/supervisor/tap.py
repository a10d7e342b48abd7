"""The raw tap: whoever watches a line sees its bytes as they cross."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.model import Clock, Direction, Instant

_ROOM = 1000


@dataclass(frozen=True, slots=True)
class Tapped:
    """Bytes that crossed a link. `missed` counts what the watcher was too slow for before them."""

    link: str
    at: Instant
    direction: Direction
    data: bytes
    missed: int = 0


class TapHub:
    """Hands taps to watchers; without one, a tap costs a dictionary look-up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watchers: dict[str, list[_Watcher]] = defaultdict(list)

    def show(self, link: str, direction: Direction, data: bytes) -> None:
        """Show bytes to the watchers of `link`; never blocks."""
        watchers = self._watchers.get(link)
        if not watchers:
            return
        at = self._clock.now()
        for watcher in watchers:
            watcher.offer(link, at, direction, data)

    @contextmanager
    def watch(self, link: str) -> Iterator[asyncio.Queue[Tapped]]:
        """A bounded queue of what crosses `link`; a slow watcher misses some and is told so."""
        watcher = _Watcher()
        self._watchers[link].append(watcher)
        try:
            yield watcher.queue
        finally:
            self._watchers[link].remove(watcher)


class _Watcher:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[Tapped] = asyncio.Queue(_ROOM)
        self._missed = 0

    def offer(self, link: str, at: Instant, direction: Direction, data: bytes) -> None:
        if self.queue.full():
            self._missed += 1
            return
        self.queue.put_nowait(Tapped(link, at, direction, data, self._missed))
        self._missed = 0
