"""How often one may ask: a bucket of tokens for each principal or address."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

_MOST_KEYS = 20_000


class Buckets:
    """A burst at once, then `rate` a second, for each key. `seconds` is a monotonic clock."""

    def __init__(self, rate: float, burst: int, seconds: Callable[[], float]) -> None:
        self._rate, self._burst, self._seconds = rate, float(burst), seconds
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one; 0, or the seconds until there is one again, and then none was taken."""
        now = self._seconds()
        known = self._kept.get(key)
        if known is None:
            left = self._burst
            if len(self._kept) >= _MOST_KEYS:
                self._kept.popitem(last=False)
        else:
            left = min(self._burst, known[0] + (now - known[1]) * self._rate)
        if left < 1:
            return (1 - left) / self._rate
        self._kept[key] = left - 1, now
        return 0.0
