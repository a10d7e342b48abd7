"""Handing work from the loop to one thread, cheaply per item."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Inbox(Generic[_T]):
    """A queue whose reader is woken only when it sleeps. One side puts, one thread takes.

    It has no bound of its own: whoever puts counts what is not answered yet.
    """

    def __init__(self) -> None:
        self._items: deque[_T] = deque()
        self._wake = threading.Semaphore(0)
        self._asleep = False
        self._ended = False

    def put(self, item: _T) -> None:
        self._items.append(item)
        if self._asleep:
            self._rouse()

    def end(self) -> None:
        """Let the reader take what is left, then find nothing."""
        self._ended = True
        self._rouse()

    def wait(self, timeout: float | None) -> bool:
        """Sleep until there is something to take or the end; False when the time is over."""
        while not (self._items or self._ended):
            self._asleep = True
            # An item put before the line above woke nobody: look again before sleeping.
            if not self._items and not self._wake.acquire(timeout=timeout):
                self._asleep = False
                return False
        return True

    @property
    def first(self) -> _T | None:
        """The next item without taking it."""
        return self._items[0] if self._items else None

    def take(self) -> _T | None:
        """The next item; None if there is none now."""
        return self._items.popleft() if self._items else None

    def _rouse(self) -> None:
        self._asleep = False
        self._wake.release()
