"""Appointments of which a later message names another patient than theirs."""

from __future__ import annotations

from gateway.model import Instant
from gateway.room import Neighbours, People
from gateway.schedule import ProblemKind, ScheduleBook


class Contested:
    """As the schedule's work list has them, read again when schedule or patients have changed."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        self._read: tuple[object, ...] = ()
        self._ids: frozenset[str] = frozenset()

    async def ids(self, now: Instant) -> frozenset[str]:
        """Their ids, none where no schedule is kept. May raise StoreError."""
        try:
            book = self._neighbours(ScheduleBook)
        except LookupError:
            return frozenset()
        read = (book.revision, self._people(), book.local(now).date())
        if read != self._read:
            found = await book.problems(now)
            other = ProblemKind.OTHER_PATIENT
            self._ids = frozenset(each.appointment.id for each in found if each.kind is other)
            self._read = read
        return self._ids

    def _people(self) -> int:
        try:
            return self._neighbours(People).revision
        except LookupError:
            return 0
