"""How long to wait before trying again."""

from __future__ import annotations

import random

_LONGEST = 30.0
_JITTER = 0.2


class Backoff:
    """Doubles from `first` seconds to 30, less up to 20 % so that peers don't return at once."""

    def __init__(self, first: float = 0.5, rng: random.Random | None = None) -> None:
        self._first = first
        self._next = first
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, protects nothing

    def reset(self) -> None:
        self._next = self._first

    def delay(self) -> float:
        """Seconds until the next attempt."""
        delay = min(self._next, _LONGEST) * (1 - _JITTER * self._rng.random())
        self._next = min(self._next * 2, _LONGEST)
        return delay
