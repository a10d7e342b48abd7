"""How long to wait before a destination is tried again."""

from __future__ import annotations

import random

_JITTER = 0.25


class Pause:
    """Doubles from `first` seconds up to `longest`, less up to a quarter, so that not all return.

    `longest` is never passed.
    """

    def __init__(
        self, longest: float, first: float = 1.0, rng: random.Random | None = None
    ) -> None:
        self._first, self._longest = min(first, longest), longest
        self._next = self._first
        self._rng = rng or random.Random()  # noqa: S311 - spreads attempts, protects nothing

    def reset(self) -> None:
        """Something got through."""
        self._next = self._first

    def seconds(self) -> float:
        """Until the next attempt."""
        wait = self._next * (1 - _JITTER * self._rng.random())
        self._next = min(2 * self._next, self._longest)
        return wait
