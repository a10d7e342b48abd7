"""Composes the messages of a department, one after the other, as the clock lets them become due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from simulators.his.plan import BY_DAY, Due, Hours, plan

_AHEAD = 1
"""Days ahead for which patients are registered and booked already."""

_IDLE = 20.0
_SOON = 0.02


@dataclass(slots=True)
class Department:
    """One department by its `seed`. Its control ids begin at 1 with each `restart`.

    What a day holds does not change when the department is started anew: the same messages are
    sent again, word for word, under control ids that began anew.
    """

    seed: int = 1
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    hours: Hours = BY_DAY
    control_id: int = 0
    _waiting: list[Due] = field(default_factory=list)
    _planned: date | None = None

    def restart(self) -> None:
        """Switched off and on: it counts its messages from 1 again."""
        self.control_id = 0

    def message(self, clock: datetime) -> str:
        """The next message that is due; while none is, one of today's patients once more."""
        due = self._next(clock)
        self.control_id += 1
        at = f"{due.at:%Y%m%d%H%M%S}"
        header = (
            f"MSH|^~\\&|HIS|HOSPITAL|ISOGATE|RT|{at}||{due.kind}|{self.control_id}|P|2.4"
            "||||||GB 18030-2000"
        )
        body = (segment.replace("{at}", at) for segment in due.segments)
        return "\r".join([header, *body]) + "\r"

    def pause(self, clock: datetime) -> float:
        """Seconds until the next message; it never keeps quiet for long."""
        self._plan(clock)
        if self._waiting and self._waiting[0].at <= clock:
            return _SOON
        ahead = (self._waiting[0].at - clock).total_seconds() if self._waiting else _IDLE
        return min(max(ahead, _SOON), _IDLE)

    def _next(self, clock: datetime) -> Due:
        self._plan(clock)
        if self._waiting and self._waiting[0].at <= clock:
            return self._waiting.pop(0)
        return self._chatter(clock)

    def _chatter(self, clock: datetime) -> Due:
        """Systems repeat themselves: an update in which nothing is new."""
        today = plan(clock.date(), self.zone, self.seed, self.hours)
        contested = {_number(each) for each in today if each.kind == "ADT^A08"}
        known = [
            each for each in today if each.kind == "ADT^A04" and _number(each) not in contested
        ]
        _, *about = known[self.control_id % len(known)].segments
        return Due(clock.replace(microsecond=0), "ADT^A08", ("EVN|A08|{at}", *about))

    def _plan(self, clock: datetime) -> None:
        """Take in the days up to the furthest one that people are booked for."""
        wanted = clock.date() + timedelta(days=_AHEAD)
        first = self._planned + timedelta(days=1) if self._planned else clock.date()
        while first <= wanted:
            self._waiting += plan(first, self.zone, self.seed, self.hours)
            self._planned = first
            first += timedelta(days=1)
        self._waiting.sort(key=lambda each: each.at)


def _number(each: Due) -> str:
    """Whom a message with a PID is about."""
    return each.segments[1].split("|")[3].split("^")[0]
