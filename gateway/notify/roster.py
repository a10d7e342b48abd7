"""Who is told of a notice at a moment. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from gateway.model import Instant, to_datetime
from gateway.notify.options import Day, Notify, Route, Shift
from gateway.room import Notice, WorkDays

Calendar = Callable[[], WorkDays | None]
"""The working days of the site, as they are kept now; None where nobody keeps any."""

_DAYS = tuple(Day)
_WEEK = frozenset(_DAYS[:5])


class Roster:
    """The section's routes and duties, in the site's time."""

    def __init__(
        self, section: Notify, local: Callable[[datetime], datetime], calendar: Calendar
    ) -> None:
        self._section, self._local, self._calendar = section, local, calendar

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
        about = {notice.device, *notice.devices}
        for route in self._section.routes:
            fits = (
                not route.priorities or notice.priority in route.priorities,
                not route.sources or notice.source in route.sources,
                not route.devices or not about.isdisjoint(route.devices),
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
        calendar = self._calendar()
        if shift.days and not _falls_on(day, shift.days, calendar):
            return False
        holiday = calendar is not None and calendar.is_holiday(day)
        return shift.holidays is None or shift.holidays is holiday


def _falls_on(day: date, days: Sequence[Day], calendar: WorkDays | None) -> bool:
    """Whether a day is one of these; a worked weekend day is one of Monday to Friday, all five."""
    if calendar is not None and calendar.is_swapped(day):
        return set(days) >= _WEEK
    return _DAYS[day.weekday()] in days
