"""Simulated time of day."""

from __future__ import annotations

import time
from collections.abc import Callable

_MORNING = 8 * 3600.0


class SimClock:
    """Seconds since simulated midnight, from eight on; `speed` of them pass in each real one."""

    def __init__(self, speed: float = 1.0, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._speed = speed
        self._elapsed = elapsed
        self._start = elapsed()

    def __call__(self) -> float:
        return _MORNING + (self._elapsed() - self._start) * self._speed
