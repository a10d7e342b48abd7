"""Growing delays after failed sign-ins."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from gateway.model import Clock, Instant

_SECOND = 1_000_000
_FORGOTTEN = 24 * 3600 * _SECOND
_MOST_KEYS = 50_000


@dataclass(slots=True)
class _Failures:
    count: int
    last: Instant
    until: Instant


class Throttle:
    """After `free` failures in a row of a key each further one closes it, twice as long each time.

    It counts for every key alike, known or not, so that it tells nobody which accounts exist. A
    success forgets; so does a day. The oldest keys are dropped when there are very many.
    """

    def __init__(self, clock: Clock, free: int, first: int, longest: int) -> None:
        """`first` and `longest` are seconds."""
        self._clock = clock
        self._free, self._first, self._longest = free, first, longest
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def closed_for(self, key: str) -> int:
        """Seconds, rounded up, until a key may be tried again; 0 if now."""
        failures = self._known(key)
        if failures is None:
            return 0
        return max(0, -((self._clock.now() - failures.until) // _SECOND))

    def failed(self, key: str) -> int:
        """Count a failure; the seconds that the key is closed for now."""
        now = self._clock.now()
        failures = self._known(key) or _Failures(0, now, now)
        failures.count += 1
        failures.last = now
        beyond = failures.count - self._free
        if beyond > 0:
            delay = min(self._longest, self._first << min(beyond - 1, 32))
            failures.until = Instant(now + delay * _SECOND)
        self._failures[key] = failures
        self._failures.move_to_end(key)
        while len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)
        return self.closed_for(key)

    def forget(self, key: str) -> None:
        self._failures.pop(key, None)

    def _known(self, key: str) -> _Failures | None:
        failures = self._failures.get(key)
        if failures is not None and self._clock.now() - failures.last > _FORGOTTEN:
            del self._failures[key]
            return None
        return failures
