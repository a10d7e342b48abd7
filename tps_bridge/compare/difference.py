"""A place where two accounts of a plan differ, and how grave it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tps_bridge.compare.limit import Limit
from tps_bridge.rt import Value

_POINTS = frozenset({"ControlPointSequence", "IonControlPointSequence"})


class Severity(IntEnum):
    """NOTE: differs within the tolerance. WARN: look at it. ALARM: not what was approved.

    UNTOLD: one of the two doesn't tell it, so it was not compared.
    """

    UNTOLD = 0
    NOTE = 1
    WARN = 2
    ALARM = 3


@dataclass(frozen=True, slots=True)
class Step:
    """An item of a sequence on the way to a difference: `BeamSequence`, `2`."""

    sequence: str
    key: str


@dataclass(frozen=True, slots=True)
class Spot:
    """One of several values that differs: its place among them, from 0."""

    place: int
    planned: float
    actual: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute, or a whole item where `keyword` is empty; None where a side has nothing.

    Of what is UNTOLD `actual` are the channels that don't tell it, or nothing.

    `deviation` is the largest in the attribute's unit (metersets: as a part of one), of several
    values that of `spots[0]`; `spots` are those beyond the limit, or of those within it the
    largest alone.
    """

    path: tuple[Step, ...]
    keyword: str
    planned: Value | None
    actual: Value | None
    severity: Severity
    deviation: float | None = None
    limit: Limit | None = None
    spots: tuple[Spot, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """Differences of one item, and those of the items in it."""

    step: Step | None
    differences: tuple[Difference, ...]
    branches: tuple[Branch, ...]

    @property
    def severity(self) -> Severity:
        """The gravest in it."""
        own = [each.severity for each in self.differences]
        return max([*own, *(each.severity for each in self.branches)], default=Severity.NOTE)


def once(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Each difference where it begins: not again at control points that carry it on unchanged."""
    carried: dict[tuple[Any, ...], int] = {}
    for each in differences:
        place = next(
            (n for n, step in enumerate(each.path) if step.sequence in _POINTS), len(each.path)
        )
        if place == len(each.path) or not each.path[place].key.isdigit():
            yield each
            continue
        number, around = int(each.path[place].key), each.path[:place] + each.path[place + 1 :]
        same = (around, each.keyword, each.planned, each.actual)
        if carried.get(same) != number - 1:
            yield each
        carried[same] = number


def worst(differences: Iterable[Difference]) -> Severity | None:
    """The gravest; None where nothing differs."""
    return max((each.severity for each in differences), default=None)


def branches(differences: Iterable[Difference]) -> Branch:
    """Differences as a tree by beam, control point and device, in their order."""
    return _branch(None, list(differences), 0)


def _branch(step: Step | None, differences: list[Difference], depth: int) -> Branch:
    own = tuple(each for each in differences if len(each.path) == depth)
    deeper: dict[Step, list[Difference]] = {}
    for each in differences:
        if len(each.path) > depth:
            deeper.setdefault(each.path[depth], []).append(each)
    return Branch(
        step, own, tuple(_branch(next_, some, depth + 1) for next_, some in deeper.items())
    )
