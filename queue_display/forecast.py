"""When each who waits will be called: a queue played forward many times. Pure.

Every play draws, for each patient, how long the visit takes and, for those who are booked and not
there yet, whether and when they come; who is called when follows from the rank. Draws are spread
evenly over each distribution and shuffled by a fixed seed: the same queue gives the same forecast.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from gateway.model import Instant
from queue_display.durations import Coming, Learnt, Seen, Span, Usual, samples, sort_of, spell
from queue_display.options import PolicyOptions
from queue_display.scene import Entry, Lane
from queue_display.terms import Mark, State
from queue_display.ticket import Place, Ticket

_MINUTE = 60_000_000
_PLAYS = 99
_LOW, _HIGH = 0.1, 0.9
_USUAL = 15.0
_SOON = 60.0
"""Who is booked later than this many minutes after the last who waits is left out."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Minutes until the call: `low` to `high` holds 80 % of the plays, `middle` halves them."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Past:
    """What the days before today teach; `seen` are the patients who were treated on them."""

    learnt: Learnt = field(default_factory=Learnt)
    coming: Coming = field(default_factory=Coming)
    seen: frozenset[tuple[str, tuple[str, str]]] = frozenset()


@dataclass(frozen=True, slots=True)
class _Job:
    """Somebody to be called: when they are there, and how long a visit takes, by play.

    `lasts` is what it takes right behind another, `alone` after a pause; both with cleaning.
    """

    id: str
    there: Sequence[float | None]
    lasts: Sequence[float]
    alone: Sequence[float]


@cache
def _shares(seed: int) -> tuple[float, ...]:
    """Shares evenly over 0 … 1, in an order of their own."""
    shares = [(play + 0.5) / _PLAYS for play in range(_PLAYS)]
    random.Random(seed).shuffle(shares)  # noqa: S311 - nothing secret
    return tuple(shares)


class Forecaster:
    """Forecasts one queue at one moment; `key` is the rank of a ticket."""

    def __init__(
        self,
        lane: Lane,
        now: Instant,
        past: Past,
        policy: PolicyOptions,
        key: Callable[[Ticket], Place],
    ) -> None:
        self._lane, self._now, self._past, self._policy, self._key = lane, now, past, policy, key
        ended = [each.ticket for each in lane.ended]
        self._before = max(
            (each for each in ended if each.state is State.DONE),
            key=lambda each: each.since,
            default=None,
        )
        seen: Seen = set(past.seen)
        self._booked = _booked(lane)
        today = samples(ended, seen)
        self._seen = seen
        self._seed = 0
        known = past.learnt.today(today, self._booked)
        self._wider = known.wider
        self._factors = [known.factor.left(share) for share in self._next_shares()]

    def all(self) -> Mapping[str, Forecast]:
        """Of each who waits, by ticket."""
        if not self._lane.waiting:
            return {}
        running, jobs = self._running(), self._jobs()
        wanted = {each.ticket.id for each in self._lane.waiting}
        calls: dict[str, list[float]] = {id_: [] for id_ in wanted}
        for play in range(_PLAYS):
            ends = [each[play] for each in running]
            self._play(play, ends, jobs, calls, len(wanted))
        return {id_: _forecast(found) for id_, found in calls.items()}

    def _play(
        self,
        play: int,
        ends: list[float],
        jobs: Sequence[_Job],
        calls: Mapping[str, list[float]],
        wanted: int,
    ) -> None:
        """Call one after the other until all who wait are; `ends` are those of who is inside."""
        at_once = self._lane.options.at_once
        queue = [job for job in jobs if job.there[play] is not None]
        at, last = 0.0, max(ends, default=0.0)
        while wanted:
            free = 0.0 if len(ends) < at_once else sorted(ends)[len(ends) - at_once]
            at = max(at, free)
            job = next(each for each in queue if (each.there[play] or 0.0) <= at)
            queue.remove(job)
            if job.id in calls:
                calls[job.id].append(at)
                wanted -= 1
            last = last + job.lasts[play] if at <= last else at + job.alone[play]
            ends.append(last)

    def _running(self) -> list[list[float]]:
        """When each who is called or inside will be done, by play; in treatment first."""
        entries = sorted(
            self._lane.running,
            key=lambda each: (each.ticket.state is not State.IN_TREATMENT, each.ticket.called or 0),
        )
        found: list[list[float]] = []
        lasts = [0.0] * _PLAYS
        for entry in entries:
            ticket = entry.ticket
            if ticket.started is not None and ticket.state is State.IN_TREATMENT:
                ends = self._treated(ticket, ticket.started)
            elif found:
                ends = [a + b for a, b in zip(lasts, self._drawn(Span.CYCLE, ticket), strict=True)]
            else:
                span, since = spell(ticket, self._before)
                ends = self._drawn(span, ticket, since)
            ends = [each + self._cleaning(ticket) for each in ends]
            lasts = [max(pair) for pair in zip(lasts, ends, strict=True)]
            found.append(ends)
        return found

    def _treated(self, ticket: Ticket, started: int) -> list[float]:
        """What is left of a treatment: where its machine tells of beams, by whether it did yet."""
        if ticket.queue not in self._past.learnt.beams:
            return self._drawn(Span.TREAT, ticket, started)
        if ticket.beam is not None:
            return self._drawn(Span.BEAM, ticket, ticket.beam)
        setup, beam = self._drawn(Span.SETUP, ticket, started), self._drawn(Span.BEAM, ticket)
        return [a + b for a, b in zip(setup, beam, strict=True)]

    def _jobs(self) -> list[_Job]:
        """Who is to be called, in rank: those who wait, and who is booked and may come."""
        waiting = self._lane.waiting
        ranks = [
            (each.ranked.key if each.ranked else self._key(each.ticket), each) for each in waiting
        ]
        last = max(key for key, _ in ranks)
        for entry in self._lane.booked:
            ticket = entry.ticket
            if entry.over or ticket.start is None or ticket.start > self._now + _SOON * _MINUTE:
                continue
            if (key := self._key(ticket)) < last:
                ranks.append((key, entry))
        return [self._job(entry) for _, entry in sorted(ranks, key=lambda each: each[0])]

    def _job(self, entry: Entry) -> _Job:
        ticket, cleaning = entry.ticket, self._cleaning(entry.ticket)
        lasts = [each + cleaning for each in self._drawn(Span.CYCLE, ticket)]
        alone = [each + cleaning for each in self._drawn(Span.VISIT, ticket)]
        booked = ticket.state is State.BOOKED
        return _Job(ticket.id, self._arrivals(ticket) if booked else [0.0] * _PLAYS, lasts, alone)

    def _arrivals(self, ticket: Ticket) -> Sequence[float | None]:
        """In how many minutes one who is booked comes, by play; None where not at all."""
        until = ((ticket.start or self._now) - self._now) / _MINUTE
        leads, chance = self._past.coming.later(until)
        found: list[float | None] = []
        for share in self._next_shares():
            if share >= chance or not leads:
                found.append(None)
            else:
                found.append(until - leads[int(share / chance * len(leads))])
        return found

    def _drawn(self, span: Span, ticket: Ticket, since: int | None = None) -> list[float]:
        """How long it takes, or what is left of it, by play."""
        usual = self._usual(span, ticket)
        gone = 0.0 if since is None else max(0.0, (self._now - since) / _MINUTE)
        return [
            factor * usual.left(share, gone / factor)
            for share, factor in zip(self._next_shares(), self._factors, strict=True)
        ]

    def _usual(self, span: Span, ticket: Ticket) -> Usual:
        booked = ticket.minutes or self._booked
        usual = self._past.learnt.usual(span, sort_of(ticket, self._seen), booked)
        return Usual(usual.median, usual.scale * self._wider)

    def _cleaning(self, ticket: Ticket) -> float:
        return self._policy.cleaning if Mark.INFECTION in ticket.marks else 0.0

    def _next_shares(self) -> Sequence[float]:
        self._seed += 1
        return _shares(self._seed)


def _booked(lane: Lane) -> float:
    """Minutes that a visit of this queue is booked for, on average."""
    entries = [*lane.waiting, *lane.running, *lane.booked, *lane.ended]
    booked = [each.ticket.minutes for each in entries if each.ticket.minutes]
    return sum(booked) / len(booked) if booked else _USUAL


def _forecast(calls: list[float]) -> Forecast:
    calls.sort()
    return Forecast(_quantile(calls, _LOW), _quantile(calls, 0.5), _quantile(calls, _HIGH))


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
