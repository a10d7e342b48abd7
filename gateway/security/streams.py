"""Endless answers, which must end when their caller's right to them does."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Streams:
    """The answers that go on, by the key of the session or token that they are given to."""

    def __init__(self) -> None:
        self._open: defaultdict[str, set[asyncio.Timeout]] = defaultdict(set)

    def __len__(self) -> int:
        return sum(len(each) for each in self._open.values())

    @contextmanager
    def lasting(self, key: str, limit: asyncio.Timeout) -> Iterator[None]:
        """While the block runs, `limit` runs out at once when `key` ends."""
        self._open[key].add(limit)
        try:
            yield
        finally:
            self._open[key].discard(limit)
            if not self._open[key]:
                del self._open[key]

    def end(self, key: str) -> None:
        now = asyncio.get_running_loop().time()
        for limit in self._open.get(key, ()):
            if not limit.expired():
                limit.reschedule(now)
