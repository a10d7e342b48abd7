"""Event channels of UPS-RS: what is told while they are open, by the AE title of who listens."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dicom.ups.events import Telling

_MOST = 1000
_MOST_OPEN = 200
_MOST_OF_TITLE = 4


class Channel:
    """What one listener has not taken yet; `behind` is set once that is too much."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Telling] = asyncio.Queue(_MOST)
        self.behind = asyncio.Event()

    def put(self, telling: Telling) -> None:
        try:
            self._waiting.put_nowait(telling)
        except asyncio.QueueFull:
            self.behind.set()

    async def next(self) -> Telling:
        return await self._waiting.get()


class Channels:
    """Nothing is kept for who does not listen (PS3.4 CC.2.4.3)."""

    def __init__(self) -> None:
        self._open: defaultdict[str, set[Channel]] = defaultdict(set)

    def full(self, title: str) -> bool:
        """Whether there are as many as are served, of an AE title or of all together."""
        ours = len(self._open.get(title, ()))
        return ours >= _MOST_OF_TITLE or sum(map(len, self._open.values())) >= _MOST_OPEN

    @contextmanager
    def opened(self, title: str) -> Iterator[Channel]:
        """A channel of an AE title, until the block ends."""
        channel = Channel()
        self._open[title].add(channel)
        try:
            yield channel
        finally:
            self._open[title].discard(channel)
            if not self._open[title]:
                del self._open[title]

    def tell(self, tellings: Sequence[Telling]) -> None:
        """Give news to everybody they are for who listens."""
        for telling in tellings:
            for receiver in telling.receivers:
                for channel in self._open.get(receiver.title, ()):
                    channel.put(telling)
