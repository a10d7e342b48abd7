"""How long visits take, learnt from those that ended. Pure.

Several spans are learnt, for a wait is made of different ones: see `Span`. Each is taken as
log-logistic. Its median comes from the visits most like it, as far as there are enough of them:
same queue, kind and class; else same kind and class; else same kind; else all.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean, median

from gateway.room import PatientKey
from queue_display.terms import State
from queue_display.ticket import Ticket

_MINUTE = 60_000_000
_WEIGHT = 6.0
"""As many visits as the next wider level counts for."""
_SPREAD = 0.3
"""The standard deviation of the logarithm, before there are enough to tell."""
_ENOUGH = 12
_FIRM = 20.0
"""As many visits of today as what was learnt of the spread counts for."""
_CLIPPED = 2.5
_NORMAL = 1.4826
"""The standard deviation over the median absolute deviation, of a normal distribution."""
_DRIFT = 0.05
"""The least standard deviation, of the logarithm, of a whole day at one queue."""
_LOGISTIC = math.sqrt(3) / math.pi
"""The scale of a logistic distribution with standard deviation 1."""


class Span(StrEnum):
    """TREAT: from the beginning of a treatment to its end.

    SETUP and BEAM are its parts before and after the door closed or the beam came on, where the
    machine tells of it. CYCLE: from one patient's end to the next one's, where that one was there
    already. VISIT: from the call to the end, after a pause.
    """

    TREAT = "treat"
    SETUP = "setup"
    BEAM = "beam"
    CYCLE = "cycle"
    VISIT = "visit"


_WHOLE = frozenset({Span.CYCLE, Span.VISIT})
"""Of each visit there is one of these."""


@dataclass(frozen=True, slots=True)
class Sort:
    """What a visit is alike by. `first`: the patient's first at this queue, as far as is known."""

    queue: str
    kind: str
    first: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """What one span of one visit took, minutes."""

    day: str
    sort: Sort
    span: Span
    minutes: float


@dataclass(frozen=True, slots=True)
class Usual:
    """A log-logistic duration: its median in minutes, and the logistic scale of its logarithm."""

    median: float
    scale: float

    def left(self, share: float, gone: float = 0.0) -> float:
        """The quantile `share` (0 < share < 1) of what is left after `gone` minutes."""
        stays = 1.0 if gone <= 0 else 1.0 / (1.0 + (gone / self.median) ** (1.0 / self.scale))
        beyond = stays * (1.0 - share)
        return float(self.median * (1.0 / beyond - 1.0) ** self.scale - max(gone, 0.0))


@dataclass(frozen=True, slots=True)
class Today:
    """By what `factor` a queue is slower (> 1) or faster today, and how much `wider` its visits

    spread than they used to; never less.
    """

    factor: Usual
    wider: float


Seen = set[tuple[str, PatientKey]]
"""Which patients were treated at which queue."""


def sort_of(ticket: Ticket, seen: Seen) -> Sort:
    known = ticket.patient is None or (ticket.queue, ticket.patient) in seen
    return Sort(ticket.queue, ticket.kind, not known)


def samples(tickets: Iterable[Ticket], seen: Seen) -> list[Sample]:
    """What the ended visits of one day took; patients treated are added to `seen`."""
    by_queue: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        if ticket.state is State.DONE and ticket.called is not None:
            by_queue[ticket.queue].append(ticket)
    found: list[Sample] = []
    for own in by_queue.values():
        own.sort(key=lambda each: (each.since, each.id))
        before: Ticket | None = None
        for ticket in own:
            found += _of(ticket, before, sort_of(ticket, seen))
            before = ticket
        seen |= {(each.queue, each.patient) for each in own if each.patient is not None}
    return found


def _of(ticket: Ticket, before: Ticket | None, sort: Sort) -> Iterable[Sample]:
    if ticket.started is not None and ticket.since > ticket.started:
        yield Sample(ticket.day, sort, Span.TREAT, (ticket.since - ticket.started) / _MINUTE)
        if ticket.beam is not None and ticket.started < ticket.beam < ticket.since:
            yield Sample(ticket.day, sort, Span.SETUP, (ticket.beam - ticket.started) / _MINUTE)
            yield Sample(ticket.day, sort, Span.BEAM, (ticket.since - ticket.beam) / _MINUTE)
    span, begun = spell(ticket, before)
    if ticket.since > begun:
        yield Sample(ticket.day, sort, span, (ticket.since - begun) / _MINUTE)


def spell(ticket: Ticket, before: Ticket | None) -> tuple[Span, int]:
    """Which span, and since when, a called ticket is in; `before` is who ended last."""
    called = ticket.called or ticket.since
    if before is None:
        return Span.VISIT, called
    came = ticket.checked_in or called
    waited = called <= before.since or (came <= before.since and not ticket.after)
    return (Span.CYCLE, before.since) if waited else (Span.VISIT, called)


@dataclass(frozen=True, slots=True)
class _Fit:
    """One span: means of the logarithm by level, and the spread about them."""

    means: Mapping[tuple[object, ...], float]
    spread: float
    drift: float


def _levels(sort: Sort) -> Sequence[tuple[object, ...]]:
    """From the widest to the narrowest."""
    return (
        (),
        (sort.kind,),
        (sort.kind, sort.first),
        (sort.kind, sort.first, sort.queue),
    )


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known of durations. `count` is of how many visits.

    `beams` are the queues whose machines tell of their beams.
    """

    fits: Mapping[Span, _Fit] = field(default_factory=dict)
    count: int = 0
    beams: frozenset[str] = frozenset()

    def usual(self, span: Span, sort: Sort, booked: float) -> Usual:
        """`booked` minutes stand in while nothing is known."""
        fit = self.fits.get(span)
        if fit is None:
            return Usual(booked, _SPREAD * _LOGISTIC)
        return Usual(math.exp(_mean(fit, sort)), fit.spread * _LOGISTIC)

    def today(self, ended: Iterable[Sample], booked: float) -> Today:
        """How one queue is today, as far as its visits that ended tell."""
        cycles = self.fits.get(Span.CYCLE)
        spread, drift = (cycles.spread, cycles.drift) if cycles else (_SPREAD, _SPREAD)
        most = _CLIPPED * spread
        off: list[float] = []
        for sample in ended:
            if sample.span not in _WHOLE:
                continue
            fit = self.fits.get(sample.span)
            mean = math.log(booked) if fit is None else _mean(fit, sample.sort)
            off.append(max(-most, min(most, math.log(sample.minutes) - mean)))
        known = len(off) + (spread / drift) ** 2
        slower = sum(off) / known
        varied = sum((each - slower) ** 2 for each in off)
        wider = math.sqrt((_FIRM + varied / spread**2) / (_FIRM + len(off)))
        return Today(
            Usual(math.exp(slower), spread / math.sqrt(known) * _LOGISTIC), max(1.0, wider)
        )


def learn(past: Sequence[Sample]) -> Learnt:
    """From samples of past days."""
    fits = {}
    for span in Span:
        own = [each for each in past if each.span is span]
        if len(own) >= _ENOUGH:
            fits[span] = _fitted(own)
    beams = Counter(each.sort.queue for each in past if each.span is Span.BEAM)
    return Learnt(
        fits,
        sum(each.span in _WHOLE for each in past),
        frozenset(queue for queue, known in beams.items() if known >= _ENOUGH),
    )


def _fitted(own: Sequence[Sample]) -> _Fit:
    """Twice: what lies far off in the first counts as the edge in the second."""
    logs = [math.log(each.minutes) for each in own]
    first = _once(own, logs)
    means = [_mean(first, each.sort) for each in own]
    off = median(abs(log - mean) for log, mean in zip(logs, means, strict=True))
    most = _CLIPPED * max(_DRIFT, _NORMAL * off)
    clipped = [
        max(mean - most, min(mean + most, log)) for log, mean in zip(logs, means, strict=True)
    ]
    return _once(own, clipped)


def _once(own: Sequence[Sample], logs: Sequence[float]) -> _Fit:
    groups: dict[tuple[object, ...], list[float]] = defaultdict(list)
    for sample, log in zip(own, logs, strict=True):
        for level in _levels(sample.sort):
            groups[level].append(log)
    means: dict[tuple[object, ...], float] = {}
    for level in sorted(groups, key=len):
        found = groups[level]
        parent = means[level[:-1]] if level else fmean(found)
        means[level] = (sum(found) + _WEIGHT * parent) / (len(found) + _WEIGHT)
    bare = _Fit(means, _SPREAD, _DRIFT)
    off = [log - _mean(bare, each.sort) for each, log in zip(own, logs, strict=True)]
    spread = max(0.05, math.sqrt(fmean(each * each for each in off)))
    return _Fit(means, spread, _drift(own, off, spread))


def _mean(fit: _Fit, sort: Sort) -> float:
    """Of the narrowest level that there is."""
    levels = _levels(sort)
    return next(fit.means[level] for level in reversed(levels) if level in fit.means)


def _drift(own: Sequence[Sample], off: Sequence[float], spread: float) -> float:
    """How much whole days of one queue differ, beyond what chance makes of single visits."""
    days: dict[tuple[str, str], list[float]] = defaultdict(list)
    for sample, each in zip(own, off, strict=True):
        days[sample.sort.queue, sample.day].append(each)
    full = [each for each in days.values() if len(each) >= _ENOUGH]
    if len(full) < _ENOUGH:
        return max(_DRIFT, spread / 3)
    between = fmean(fmean(each) ** 2 - spread**2 / len(each) for each in full)
    return math.sqrt(max(_DRIFT**2, between))


@dataclass(frozen=True, slots=True)
class Coming:
    """How patients come: minutes before their appointment, ascending, and what share comes."""

    leads: tuple[float, ...] = ()
    share: float = 1.0

    def later(self, until: float) -> tuple[Sequence[float], float]:
        """Of one not yet there `until` minutes before the appointment (below zero: after it):

        leads that are still possible, and the chance that any comes true.
        """
        possible = [each for each in self.leads if each < until]
        if not possible:
            return (), 0.0
        still = self.share * len(possible) / len(self.leads)
        return possible, still / (still + 1.0 - self.share) if still < 1.0 else 1.0


def coming(tickets: Iterable[Ticket]) -> Coming:
    """From tickets of past days that had an appointment."""
    leads: list[float] = []
    missed = 0
    for ticket in tickets:
        if ticket.start is None:
            continue
        if ticket.state is State.NO_SHOW:
            missed += 1
        elif ticket.checked_in is not None:
            leads.append((ticket.start - ticket.checked_in) / _MINUTE)
    leads.sort()
    some = tuple(leads[:: max(1, len(leads) // 200)])
    return Coming(some, len(leads) / (len(leads) + missed) if leads else 1.0)
