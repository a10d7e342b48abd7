"""Two plans of two arcs, 180 control points and 80 leaf pairs each, and what differs.

The peer compares the same leaf positions alone, already in arrays, by one numpy expression: no
names, no tolerances, no places. It is a ceiling, not a competitor.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from statistics import median

import numpy as np
from pydicom.dataset import Dataset

from bench.case import Case, Options
from simulators.rt import ARC, Course, encoded, plan
from tps_bridge.compare import Limits, Tolerances, compare, compare_plans
from tps_bridge.plan import Plan, read_plan
from tps_bridge.rt import decode

_GOAL_MS = 50.0
_EXPLICIT = "1.2.840.10008.1.2.1"


async def run(options: Options) -> Sequence[Case]:
    course = Course(points=6, pairs=6) if options.smoke else Course(points=180, pairs=80)
    rounds = 1 if options.smoke else 15
    made = plan(ARC, course)
    data = encoded(made)
    one, again = _read(data), _read(data)
    other = _read(encoded(_moved(made)))
    limits = Limits(Tolerances())
    leaves = _leaves(made), _leaves(_moved(made))
    reading, same, differing, ceiling = _medians(
        [
            lambda: _read(data),
            lambda: compare_plans(one.delivers, again.delivers),
            lambda: tuple(compare(one.delivers, other.delivers, limits)),
            lambda: np.abs(leaves[0] - leaves[1]).max(),
        ],
        rounds,
    )
    assert not compare_plans(one.delivers, again.delivers)
    assert len(tuple(compare(one.delivers, other.delivers, limits))) >= 2 * course.points
    size = f"2 x {course.points} control points x {course.pairs} pairs, {len(data) / 1000:.0f} kB"
    return [
        _case("equal plans", same, size, goal=_GOAL_MS),
        _case("every leaf moved", differing, size, goal=_GOAL_MS),
        _case("every leaf moved, beside the bare arrays", differing, size, peer=ceiling),
        _case("reading one of them, with its digest", reading, size),
    ]


def _read(data: bytes) -> Plan:
    return read_plan(decode(data, _EXPLICIT))


def _moved(made: Dataset) -> Dataset:
    """The plan with noise on every leaf."""
    chance, moved = random.Random(1), deepcopy(made)
    for beam in moved.BeamSequence:
        for point in beam.ControlPointSequence:
            for each in point.get("BeamLimitingDevicePositionSequence", ()):
                positions = map(float, each.LeafJawPositions)
                each.LeafJawPositions = [round(at + chance.gauss(0, 0.5), 3) for at in positions]
    return moved


def _leaves(made: Dataset) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(
        [
            float(position)
            for beam in made.BeamSequence
            for point in beam.ControlPointSequence
            for each in point.get("BeamLimitingDevicePositionSequence", ())
            for position in each.LeafJawPositions
        ]
    )


def _medians(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median milliseconds of each, measured in turn."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, each in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            each.append((time.perf_counter() - start) * 1000)
    return [median(each) for each in times]


def _case(
    name: str, ours: float, size: str, *, goal: float | None = None, peer: float | None = None
) -> Case:
    return Case(
        name="plan_compare",
        case=name,
        ours=ours,
        unit="ms",
        better="lower",
        peer=peer,
        peer_name="one numpy expression over the bare positions" if peer else "",
        goal=goal,
        size=size,
        durable=False,
        peer_ack="none",
    )
