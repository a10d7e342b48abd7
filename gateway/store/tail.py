"""The most recent events in memory, for followers that keep up."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence

from gateway.model import DeviceEvent

_PAGE = 1000


class Tail:
    """A bounded run of stored events, without a gap after `floor`.

    Events get their seq when first asked for: most are never asked for, or by many at once.
    """

    def __init__(self, floor: int, bound: int) -> None:
        self._floor, self._bound = floor, bound
        self._chunks: deque[_Chunk] = deque()
        self._size = 0

    @property
    def floor(self) -> int:
        """Every event after this seq is here."""
        return self._floor

    def add(self, stored: Sequence[tuple[int, DeviceEvent]]) -> None:
        """Append a group's events, in order of seq, and drop the oldest beyond the bound."""
        if not stored:
            return
        self._chunks.append(_Chunk(stored))
        self._size += len(stored)
        while self._size > self._bound:
            gone = self._chunks.popleft()
            self._size -= len(gone.seqs)
            self._floor = gone.seqs[-1]

    def forget(self) -> None:
        """Hold nothing any more: what was dropped from disk must not be seen from here."""
        if self._chunks:
            self._floor = self._chunks[-1].seqs[-1]
        self._chunks.clear()
        self._size = 0

    def after(self, seq: int, limit: int = _PAGE) -> Sequence[DeviceEvent] | None:
        """Some events after `seq`, `limit` of them if there are; None if it lies too far back."""
        if seq < self._floor:
            return None
        wanted: deque[_Chunk] = deque()
        for chunk in reversed(self._chunks):
            if chunk.seqs[-1] <= seq:
                break
            wanted.appendleft(chunk)
        events: list[DeviceEvent] = []
        while wanted and len(events) < limit:
            chunk = wanted.popleft()
            events += chunk.events()[bisect_right(chunk.seqs, seq) :]
        return events


class _Chunk:
    def __init__(self, stored: Sequence[tuple[int, DeviceEvent]]) -> None:
        self.seqs = [seq for seq, _ in stored]
        self._bare: Sequence[tuple[int, DeviceEvent]] = stored
        self._events: tuple[DeviceEvent, ...] = ()

    def events(self) -> tuple[DeviceEvent, ...]:
        if self._bare:
            self._events = tuple(event.stored_as(seq) for seq, event in self._bare)
            self._bare = ()
        return self._events
