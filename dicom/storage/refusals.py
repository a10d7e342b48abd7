"""Says in the log what was refused, and says it once while it goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_PAUSE = 10.0
_MOST = 1000


class Refusals:
    """Counts refused objects; of each sender and reason one line is logged in ten seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[tuple[str, int], tuple[float, int]] = {}
        self.count = 0

    def note(self, sender: str, uid: str, status: int, words: str) -> None:
        """An object was refused; `uid` is what its command called it."""
        self.count += 1
        now = self._clock()
        key = (sender, status)
        last, unsaid = self._said.pop(key, (-_PAUSE, 0))
        if now - last < _PAUSE:
            self._said[key] = (last, unsaid + 1)
            return
        more = f"; {unsaid} more since the last line" if unsaid else ""
        log.warning("dicom: %s: %r refused (%#06x): %s%s", sender, uid, status, words, more)
        self._said[key] = (now, 0)
        while len(self._said) > _MOST:
            del self._said[next(iter(self._said))]
