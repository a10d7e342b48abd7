"""Pieces of pages that macros of `kit.html` draw: steps in time, differences, charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.model import Instant, Localized
from gateway.room.page import Level


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened, for `timeline`. `path` leads to more of it."""

    at: Instant
    what: Localized
    detail: Localized = ""
    who: str = ""
    path: str = ""
    level: Level = Level.CALM


@dataclass(frozen=True, slots=True)
class Change:
    """A place where two things differ, for `difference`; None where a side has nothing."""

    place: str
    old: str | None
    new: str | None


def changes(old: Any, new: Any, place: str = "") -> Iterator[Change]:
    """Where two values made of mappings, sequences and scalars differ, in the order of `old`.

    Sequences are compared by position. Places read `links[2].host`.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from changes(old.get(key), new.get(key), f"{place}.{key}" if place else str(key))
    elif _is_list(old) and _is_list(new):
        for index in range(max(len(old), len(new))):
            yield from changes(_at(old, index), _at(new, index), f"{place}[{index + 1}]")
    elif old != new:
        yield Change(place, _written(old), _written(new))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _at(values: Sequence[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _written(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_written(each)}" for key, each in value.items())
    if _is_list(value):
        return ", ".join(_written(each) or "—" for each in value)
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of a line; None is a gap, and stays one. `low` and `high` draw a band about it."""

    at: Instant
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    name: Localized
    spots: Sequence[Spot]


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal mark: an alarm limit, a prescribed dose, a control's mean."""

    name: Localized
    value: float
    level: Level = Level.MEDIUM


@dataclass(frozen=True, slots=True)
class Trace:
    """A line of a `Graph`, from left to right; `colour` is `#rrggbb`, or '' for the page's own."""

    name: Localized
    points: Sequence[tuple[float, float]]
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Lines in one `unit` over another quantity than time, such as volume over dose, from 0.

    `along` names that quantity, which is drawn up to `end` of its own unit (UCUM, both).
    """

    title: Localized
    unit: str
    along: Localized
    along_unit: str
    end: float
    traces: Sequence[Trace]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over time in one `unit` (UCUM), drawn from `start` to `end`.

    `title` names it for those who can't see it. Spots further apart than `gap` microseconds are
    not joined, if it is set. `daily`: its spots are days, drawn at noon, and days are marked.
    """

    title: Localized
    unit: str
    start: Instant
    end: Instant
    lines: Sequence[Line]
    limits: Sequence[Limit] = ()
    gap: int = 0
    daily: bool = False
