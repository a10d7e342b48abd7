"""Growing delays after failed sign-ins."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.model import Clock, Instant

_SECOND = 1_000_000
_MOST_KEYS = 50_000

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class _Failures:
    count: int
    counted_from: Instant
    until: Instant


class Throttle(Generic[K]):
    """After `free` failures of a key each further one closes it, twice as long each time.

    It counts for every key alike, known or not, so that it tells nobody which accounts exist.
    Failures are taken back by whoever knows them for mistakes, and one by each `forgets` seconds.
    The oldest keys are dropped when there are very many.
    """

    def __init__(
        self, clock: Clock, *, free: int, first: int, longest: int, forgets: int = 3600
    ) -> None:
        """`first`, `longest` and `forgets` are seconds; no closure outlasts `forgets`."""
        self._clock = clock
        self._free, self._first = free, first
        self._longest, self._forgets = min(longest, forgets), forgets * _SECOND
        self._failures: OrderedDict[K, _Failures] = OrderedDict()

    def closed_for(self, key: K) -> int:
        """Seconds, rounded up, until a key may be tried again; 0 if now."""
        failures = self._known(key)
        if failures is None:
            return 0
        return max(0, -((self._clock.now() - failures.until) // _SECOND))

    def failures(self, key: K) -> int:
        """How many failures of a key are remembered."""
        failures = self._known(key)
        return 0 if failures is None else failures.count

    def failed(self, key: K) -> int:
        """Count a failure; the seconds that the key is closed for now."""
        now = self._clock.now()
        failures = self._known(key) or _Failures(0, now, now)
        failures.count += 1
        beyond = failures.count - self._free
        if beyond > 0:
            delay = min(self._longest, self._first << min(beyond - 1, 32))
            failures.until = Instant(now + delay * _SECOND)
        self._failures[key] = failures
        self._failures.move_to_end(key)
        while len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)
        return self.closed_for(key)

    def take_back(self, key: K, count: int) -> None:
        """So many failures of a key were mistakes; one that has none beyond the free ones opens."""
        failures = self._known(key)
        if failures is None:
            return
        failures.count -= count
        if failures.count <= self._free:
            failures.until = Instant(min(failures.until, self._clock.now()))
        if failures.count <= 0:
            del self._failures[key]

    def forget(self, key: K) -> None:
        self._failures.pop(key, None)

    def forget_all(self, concerned: Callable[[K], bool]) -> None:
        """Forget every key that is `concerned`."""
        for key in [each for each in self._failures if concerned(each)]:
            del self._failures[key]

    def _known(self, key: K) -> _Failures | None:
        failures = self._failures.get(key)
        if failures is None:
            return None
        forgotten = max(0, self._clock.now() - failures.counted_from) // self._forgets
        failures.count -= forgotten
        failures.counted_from = Instant(failures.counted_from + forgotten * self._forgets)
        if failures.count <= 0:
            del self._failures[key]
            return None
        return failures
