"""What each who waits is told: a range of minutes, which never counts upwards.

The range is the forecast's, in steps of five minutes. It is as learnt from past days, which are
read when the gateway starts and when the day turns: a restart gives the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.model import Instant
from queue_display.durations import Sample, Seen, coming, learn, samples
from queue_display.forecast import Forecast, Forecaster, Past
from queue_display.scene import Lane, Scene, Stage
from queue_display.ticket import Ticket, Told

_MINUTE = 60_000_000
_STEP = 5
_DAYS = timedelta(days=60)
"""How far back visits teach."""
_FRESH = 4 * 1_000_000
"""How long a forecast of a queue that stands still is kept, µs."""


@dataclass(frozen=True, slots=True)
class Wait:
    """From `low` to `high` minutes, whole steps of five."""

    low: int
    high: int


class Estimates:
    """Remembers what everybody was told, so that nobody is told of a longer wait later on."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._day: date | None = None
        self._past = Past()
        self._told: dict[tuple[str, str], Wait] = {}
        self._first: dict[str, Told] = {}
        self._kept: dict[str, tuple[Lane, Instant, Mapping[str, Forecast]]] = {}

    async def waits(self, scene: Scene) -> dict[str, Wait]:
        """The range of each who waits, by ticket; none where the queue is stopped.

        A queue that was stopped begins anew: everybody was told that it is. May raise StoreError.
        """
        await self._learn(scene.now)
        told: dict[tuple[str, str], Wait] = {}
        for name, lane in scene.lanes.items():
            if lane.stand.stopped is None:
                for id_, forecast in self._forecasts(lane, scene.now).items():
                    told[name, id_] = at_most(rounded(forecast), self._told.get((name, id_)))
        self._told = told
        waits = {id_: wait for (_, id_), wait in told.items()}
        self._first = {
            id_: self._first.get(id_) or Told(scene.now, wait.low, wait.high)
            for id_, wait in waits.items()
        }
        return waits

    def told(self, ticket: str) -> Told | None:
        """What one who waits was told first; None if nothing was, or before a restart."""
        return self._first.get(ticket)

    def _forecasts(self, lane: Lane, now: Instant) -> Mapping[str, Forecast]:
        kept = self._kept.get(lane.id)
        if kept is not None and kept[0] == lane and 0 <= now - kept[1] < _FRESH:
            return kept[2]
        stage = self._stage
        made = Forecaster(lane, now, self._past, stage.options.policy, stage.ranking.key).all()
        self._kept[lane.id] = lane, now, made
        return made

    async def _learn(self, now: Instant) -> None:
        """Read the days before today, once a day."""
        book = self._stage.book
        today = book.local(now).date()
        if self._day != today:
            self._past = past_of(await book.days(today - _DAYS, today))
            self._day = today


def past_of(days: Mapping[str, list[Ticket]]) -> Past:
    """What past days teach; the tickets of each, by day in order."""
    seen: Seen = set()
    found: list[Sample] = []
    for tickets in days.values():
        found += samples(tickets, seen)
    every = (ticket for tickets in days.values() for ticket in tickets)
    return Past(learn(found), coming(every), frozenset(seen))


def rounded(forecast: Forecast) -> Wait:
    low = int(forecast.low // _STEP) * _STEP
    return Wait(low, max(low + _STEP, int(-(-forecast.high // _STEP)) * _STEP))


def at_most(wait: Wait, told: Wait | None) -> Wait:
    return wait if told is None else Wait(min(wait.low, told.low), min(wait.high, told.high))
