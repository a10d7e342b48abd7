"""Named deadlines of one connection on a single timer, cheap to move."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from enum import IntEnum

NEVER = math.inf


class Wait(IntEnum):
    """What is waited for."""

    ARTIM = 0
    PDU = 1
    PEER = 2


class Deadlines:
    """Calls `expired` with the wait whose time is up. Moving a deadline later costs no timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[Wait], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._due = [NEVER] * len(Wait)
        self._timer: asyncio.TimerHandle | None = None

    def set(self, wait: Wait, seconds: float) -> None:
        """The time of `wait` is up in so many seconds; the loop's clock, never domain time."""
        due = self._loop.time() + seconds
        self._due[wait] = due
        if self._timer is None or due < self._timer.when():
            self._arm(due)

    def clear(self, wait: Wait) -> None:
        self._due[wait] = NEVER

    def runs(self, wait: Wait) -> bool:
        return self._due[wait] != NEVER

    def stop(self) -> None:
        """No deadline counts any more."""
        self._due = [NEVER] * len(Wait)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        over = [wait for wait in Wait if self._due[wait] <= now]
        for wait in over:
            self._due[wait] = NEVER
        soonest = min(self._due)
        if soonest != NEVER:
            self._arm(soonest)
        for wait in over:
            self._expired(wait)
