"""Telling the loop without stopping for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Herald(Generic[_T]):
    """A thread that passes things on, in order.

    Waking the loop is a system call, for which the interpreter lock is given up; the loop takes
    it, and whoever woke it waits until the loop has nothing more to do. A herald lets the writer
    go on into its COMMIT, which needs no lock, and wakes the loop meanwhile.
    """

    def __init__(self, tell: Callable[[_T], None]) -> None:
        self._tell = tell
        self._queue: queue.SimpleQueue[_T | None] = queue.SimpleQueue()
        self._given = self._passed = 0
        self._thread = threading.Thread(target=self._run, name="store-herald", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tell(self, thing: _T) -> None:
        self._given += 1
        self._queue.put(thing)

    def tell_now(self, thing: _T) -> None:
        """Pass it on in the caller's thread, if nothing is before it: for a caller with leisure."""
        if self._given == self._passed:
            self._tell(thing)
        else:
            self.tell(thing)

    def stop(self) -> None:
        """Pass on what is left, then end; blocks until it has ended."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (thing := self._queue.get()) is not None:
            self._tell(thing)
            self._passed += 1
