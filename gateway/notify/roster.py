"""Who is told of a notice at a moment. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from gateway.model import Instant, to_datetime
from gateway.notify.options import Day, Notify, Route, Shift
from gateway.room import Notice

IsHoliday = Callable[[date], bool]

_DAYS = tuple(Day)


class Roster:
    """The section's routes and duties, in the site's time."""

    def __init__(
        self, section: Notify, local: Callable[[datetime], datetime], holiday: IsHoliday
    ) -> None:
        self._section, self._local, self._holiday = section, local, holiday

    def recipients(self, notice: Notice, stage: int, at: Instant) -> list[str]:
        """Names of people and webhooks, each once; `stage` 0 is the first telling.

        What is over is told to those webhooks alone that want it.
        """
        names: list[str] = []
        for route in self._fitting(notice):
            names += self._ends(self._told(route, notice, stage), at)
        wanted = dict.fromkeys(names)
        if notice.open:
            return list(wanted)
        hooks = self._section.webhooks
        return [name for name in wanted if name in hooks and hooks[name].ended]

    def stages(self, notice: Notice) -> list[float]:
        """After how many seconds without an acknowledgement further people are told."""
        return sorted({each.after for route in self._fitting(notice) for each in route.escalate})

    def _told(self, route: Route, notice: Notice, stage: int) -> Iterator[str]:
        if stage == 0:
            yield from route.tell
            return
        stages = self.stages(notice)
        for each in route.escalate if stage <= len(stages) else ():
            if each.after == stages[stage - 1]:
                yield from each.tell

    def _fitting(self, notice: Notice) -> Iterator[Route]:
        for route in self._section.routes:
            fits = (
                not route.priorities or notice.priority in route.priorities,
                not route.sources or notice.source in route.sources,
                not route.devices or notice.device in route.devices,
            )
            if all(fits):
                yield route

    def _ends(self, names: Iterable[str], at: Instant) -> Iterator[str]:
        for name in names:
            shifts = self._section.duties.get(name)
            if shifts is None:
                yield name
            else:
                yield from self.on_duty(shifts, at)

    def on_duty(self, shifts: Sequence[Shift], at: Instant) -> tuple[str, ...]:
        """Who has duty at a moment: the first shift that fits, and everybody if none does."""
        now = self._local(to_datetime(at))
        for shift in shifts:
            if self._has_duty(shift, now):
                return shift.who
        return tuple(dict.fromkeys(name for shift in shifts for name in shift.who))

    def _has_duty(self, shift: Shift, now: datetime) -> bool:
        """The hours after midnight of a night shift belong to the day on which it began."""
        day = now.date()
        if shift.start is not None and shift.end is not None:
            clock = now.time().replace(tzinfo=None)
            if shift.start < shift.end:
                if not shift.start <= clock < shift.end:
                    return False
            elif clock < shift.end:
                day -= timedelta(days=1)
            elif clock < shift.start:
                return False
        if shift.days and _DAYS[day.weekday()] not in shift.days:
            return False
        return shift.holidays is None or shift.holidays is self._holiday(day)
