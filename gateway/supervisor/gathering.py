"""Gathers polls for a moment, so that many of them share one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from gateway.errors import StoreError
from gateway.model import Receipt
from gateway.store import Batch, EventStore

_MOMENT = 0.1

Settled: TypeAlias = Callable[[StoreError | None], None]
"""Told that a batch is on disk, or why it is not."""


class Gathering:
    """Submits batches that nobody waits for, at the latest 0.1 s after they came.

    A poll has no acknowledgement to withhold; a commit for each of a hundred meters a second
    would keep the disk busy for nothing.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._waiting: list[tuple[Batch, int, Settled]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, batch: Batch, arrival: int, settled: Settled) -> None:
        """Take a batch that was observed as `arrival`; `settled` is called once."""
        self._waiting.append((batch, arrival, settled))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_MOMENT, self.flush)

    def flush(self) -> None:
        """Submit what waits now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        for batch, arrival, settled in waiting:
            try:
                future = self._store.submit(batch, arrival)
            except StoreError as error:
                settled(error)
            else:
                future.add_done_callback(partial(_tell, settled))


def _tell(settled: Settled, done: asyncio.Future[Receipt]) -> None:
    if done.cancelled():
        settled(StoreError("the store was closed before the commit"))
        return
    error = done.exception()
    settled(error if error is None or isinstance(error, StoreError) else StoreError(str(error)))
