"""The baseline of the waiting time: the rolling average of what treatments took. Pure.

A range, in steps of five minutes. What is shown never counts upwards, unless the queue was
stopped meanwhile: then everybody was told that it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.model import Instant
from queue_display.scene import Entry, Lane, Scene
from queue_display.terms import State

_MINUTE = 60_000_000
_WINDOW = 10
_USUAL = 15.0
_STEP = 5
_LOW, _HIGH = 0.75, 1.35
"""The range about the average; what share of waits it holds is not measured yet."""


@dataclass(frozen=True, slots=True)
class Wait:
    """From `low` to `high` minutes, whole steps of five."""

    low: int
    high: int


def average(ended: Sequence[Entry], waiting: Sequence[Entry]) -> float:
    """Minutes that a patient takes: of the last ten, else as booked."""
    took = [
        (each.ticket.since - each.ticket.started) / _MINUTE
        for each in ended
        if each.ticket.state is State.DONE and each.ticket.started is not None
    ][:_WINDOW]
    if took:
        return sum(took) / len(took)
    booked = [each.ticket.minutes for each in waiting if each.ticket.minutes]
    return sum(booked) / len(booked) if booked else _USUAL


def ahead(lane: Lane, now: Instant) -> dict[str, float]:
    """Minutes until each who waits is called in, by the average and those ahead."""
    each_takes = average(lane.ended, lane.waiting)
    left = sum(_left(entry, each_takes, now) for entry in lane.running)
    return {entry.ticket.id: left + place * each_takes for place, entry in enumerate(lane.waiting)}


def _left(entry: Entry, takes: float, now: Instant) -> float:
    """Of one who is called or inside; it takes a minute more however late it is."""
    if entry.ticket.started is None:
        return takes
    return max(1.0, takes - (now - entry.ticket.started) / _MINUTE)


@dataclass(slots=True)
class Promises:
    """Remembers until when each was told to wait, so that nobody is told later."""

    _until: dict[str, tuple[int, int]] = field(default_factory=dict)

    def waits(self, scene: Scene) -> Mapping[str, Wait]:
        """The range of each who waits, by ticket; none where the queue is stopped."""
        kept: dict[str, tuple[int, int]] = {}
        found: dict[str, Wait] = {}
        for lane in scene.lanes.values():
            if lane.stand.stopped is not None:
                continue
            for id_, minutes in ahead(lane, scene.now).items():
                low = scene.now + round(minutes * _LOW * _MINUTE)
                high = scene.now + round(minutes * _HIGH * _MINUTE)
                was = self._until.get(id_)
                if was is not None:
                    low, high = min(low, was[0]), min(high, was[1])
                kept[id_] = (low, high)
                found[id_] = _range(low - scene.now, high - scene.now)
        self._until = kept
        return found


def _range(low: int, high: int) -> Wait:
    step = _STEP * _MINUTE
    lower = max(0, low // step) * _STEP
    return Wait(lower, max(lower + _STEP, -(-high // step) * _STEP))
