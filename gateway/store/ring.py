"""Raw records of readings that were not stored, for a while."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from gateway.model import RawId, WireRecord

_OVERHEAD = 400


class RawRing:
    """Bounded in bytes, and in age by the newest record's time."""

    def __init__(self, max_bytes: int, max_seconds: float) -> None:
        self._max_bytes, self._max_age = max_bytes, round(max_seconds * 1_000_000)
        self._order: deque[WireRecord] = deque()
        self._found: dict[RawId, WireRecord] = {}
        self._size = 0

    def add(self, records: Iterable[WireRecord]) -> None:
        """Keep records, and let go of the oldest that no longer fit."""
        for record in records:
            self._order.append(record)
            self._found[record.raw_id] = record
            self._size += len(record.data) + _OVERHEAD
        while self._order and self._is_over(self._order[0]):
            gone = self._order.popleft()
            self._found.pop(gone.raw_id, None)
            self._size -= len(gone.data) + _OVERHEAD

    def get(self, raw_id: RawId) -> WireRecord | None:
        return self._found.get(raw_id)

    def _is_over(self, oldest: WireRecord) -> bool:
        return self._size > self._max_bytes or self._order[-1].at - oldest.at > self._max_age
