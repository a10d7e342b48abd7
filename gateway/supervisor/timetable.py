"""When each device of a polled link is asked next, and who is left alone for a while. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from gateway.driver import DeviceEntry
from gateway.supervisor.backoff import Backoff

_OFFLINE_AFTER = 2
_FIRST_PAUSE = 1.0


@dataclass(slots=True)
class _Row:
    entry: DeviceEntry
    due: float
    failures: int = 0
    answered: bool = False
    pause: Backoff = field(default_factory=lambda: Backoff(_FIRST_PAUSE))


class Timetable:
    """A fixed-rate timetable with a breaker per device; times are monotonic seconds.

    A device that answers is asked every `interval`, counted from when it was due, so that the
    rate does not drift; what could not be asked in time is left out, never made up in a burst.
    A device that fails is asked again after a growing pause, so that a dead one costs the others
    little. It outlives connections, and so do its breakers.
    """

    def __init__(self, entries: Iterable[DeviceEntry], now: float) -> None:
        self._rows: dict[str, _Row] = {}
        self._heap: list[tuple[float, str]] = []
        self.replace(entries, now)

    def replace(self, entries: Iterable[DeviceEntry], now: float) -> None:
        """Take over a new list of devices; those that did not change keep their place."""
        wanted = {entry.id: entry for entry in entries}
        for gone in self._rows.keys() - wanted.keys():
            del self._rows[gone]
        fresh = [
            entry
            for entry in wanted.values()
            if entry.id not in self._rows or self._rows[entry.id].entry != entry
        ]
        for place, entry in enumerate(fresh):
            self._schedule(_Row(entry, now + entry.interval * place / max(len(fresh), 1)))

    def next(self) -> tuple[DeviceEntry, float] | None:
        """The device to ask next and when it is due; None without devices."""
        while self._heap:
            due, device = self._heap[0]
            row = self._rows.get(device)
            if row is not None and row.due == due:
                return row.entry, due
            heapq.heappop(self._heap)
        return None

    def first(self, without: Collection[str]) -> DeviceEntry | None:
        """The device that is due before every other one, of those that are not in `without`."""
        rows = [row for device, row in self._rows.items() if device not in without]
        return min(rows, key=lambda row: row.due).entry if rows else None

    def connected(self, now: float) -> None:
        """A connection begins: who answered on the last one and then failed is asked at once."""
        for row in self._rows.values():
            if row.answered and row.failures:
                row.pause.reset()
                row.due = min(row.due, now)
                self._schedule(row)
            row.answered = False

    def answered(self, device: str, now: float) -> None:
        """The device answered: close its breaker and keep its rate, if it was asked early too."""
        row = self._rows.get(device)
        if row is None:
            return
        was_failing = row.failures > 0
        row.failures, row.answered = 0, True
        row.pause.reset()
        if was_failing:  # it was due after a pause, not by its rate
            row.due = now
        if now < row.due:
            return
        missed = max(0, int((now - row.due) // row.entry.interval))
        row.due += (missed + 1) * row.entry.interval
        self._schedule(row)

    def failed(self, device: str, now: float) -> bool:
        """The device did not answer: leave it alone for a while. True once it counts as offline."""
        row = self._rows.get(device)
        if row is None:
            return False
        row.failures += 1
        row.due = now + max(row.pause.delay(), row.entry.interval)
        self._schedule(row)
        return row.failures >= _OFFLINE_AFTER

    def _schedule(self, row: _Row) -> None:
        self._rows[row.entry.id] = row
        heapq.heappush(self._heap, (row.due, row.entry.id))
