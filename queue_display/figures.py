"""A day in figures, by queue: how long people waited, how late they began. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, quantiles

from gateway.model import Instant
from queue_display.terms import State
from queue_display.ticket import Ticket

_MINUTE = 60_000_000
_NINE_OF_TEN = 8


@dataclass(frozen=True, slots=True)
class Figures:
    """Minutes, rounded to one place; None where there is nothing to count.

    `waited` is from check-in to the last call, `late` from the appointment to the beginning of the
    treatment (below zero: early), `took` the treatment, `used` all of them together. `off` is how
    far the middle of what was told when the waiting began was from the first call, on average, and
    `held` the share of first calls, in percent, that came within what was told. `share` is what
    `used` is in percent of the time from the first call to the last end.
    """

    queue: str
    name: str
    done: int
    no_shows: int
    present: int
    waited: float | None
    waited_90: float | None
    late: float | None
    took: float | None
    used: float
    off: float | None
    held: float | None
    share: float | None = None


def figures(queue: str, name: str, tickets: Iterable[Ticket]) -> Figures:
    """Of one queue's tickets of a day."""
    own = [each for each in tickets if each.queue == queue]
    done = [each for each in own if each.state is State.DONE]
    waited = _minutes(own, lambda each: (each.checked_in, each.called))
    took = _minutes(done, lambda each: (each.started, each.since))
    told = [
        (each.told, (each.called - each.told.at) / _MINUTE)
        for each in own
        if each.told is not None and each.called is not None and each.calls == 1
    ]
    return Figures(
        queue,
        name,
        len(done),
        sum(each.state is State.NO_SHOW for each in own),
        sum(each.state.is_present for each in own),
        _rounded(waited, median),
        _rounded(waited, _ninth),
        _rounded(_minutes(own, lambda each: (each.start, each.started)), median),
        _rounded(took, median),
        round(sum(took), 1),
        _rounded([abs((each.low + each.high) / 2 - real) for each, real in told], fmean),
        _rounded([100.0 * (each.low <= real <= each.high) for each, real in told], fmean),
        _share(done, sum(took)),
    )


def _share(done: Sequence[Ticket], used: float) -> float | None:
    calls = [each.called for each in done if each.called is not None]
    if not calls:
        return None
    span = (max(each.since for each in done) - min(calls)) / _MINUTE
    return round(100.0 * used / span, 1) if span > 0 else None


def _minutes(
    tickets: Iterable[Ticket], span: Callable[[Ticket], tuple[Instant | None, Instant | None]]
) -> list[float]:
    """From one moment to the other, of those who have both."""
    spans = (span(each) for each in tickets)
    return [
        (end - begin) / _MINUTE for begin, end in spans if begin is not None and end is not None
    ]


def _rounded(values: Sequence[float], of: Callable[[Sequence[float]], float]) -> float | None:
    return round(of(values), 1) if values else None


def _ninth(values: Sequence[float]) -> float:
    """What nine of ten do not exceed."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=10, method="inclusive")[_NINE_OF_TEN]
