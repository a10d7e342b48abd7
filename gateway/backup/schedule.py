"""When the next backup is due. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from gateway.backup.manifest import Kind
from gateway.model import Instant, from_datetime, to_datetime

_DAY = timedelta(days=1)
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every day `at` a time of the site's `zone`; a full backup on one weekday (0: Monday).

    On another weekday, or never (None), the latest backup is restored as a drill, an hour later.
    """

    at: time
    full_on: int
    drill_on: int | None
    zone: tzinfo

    def due(self, now: Instant, last: Instant | None, last_full: Instant | None) -> Kind | None:
        """What is due, and was missed or is on time; None while there is nothing to do."""
        if last_full is None or last_full < self._slot(now, self.full_on):
            return Kind.FULL
        if last is None or last < self._slot(now, None):
            return Kind.INCREMENT
        return None

    def drill_due(self, now: Instant, last_drill: Instant | None) -> bool:
        """Whether a drill is due."""
        if self.drill_on is None:
            return False
        slot = self._slot(now, self.drill_on, timedelta(hours=1))
        return last_drill is None or last_drill < slot

    def _slot(self, now: Instant, weekday: int | None, later: timedelta = timedelta()) -> Instant:
        """The last scheduled moment until now, of one weekday or of any."""
        local = to_datetime(now).astimezone(self.zone)
        day = local.date()
        if weekday is not None:
            day -= timedelta(days=(day.weekday() - weekday) % _WEEK)
        step = _DAY if weekday is None else _WEEK * _DAY
        moment = datetime.combine(day, self.at, self.zone) + later
        while moment > local:
            day -= step
            moment = datetime.combine(day, self.at, self.zone) + later
        return from_datetime(moment)
