"""A day of treatments as lanes: one a machine, an hour scale, bars, and where now is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_HOUR = 3600 * 1_000_000
_WIDTH, _LANE, _HEAD = 1000, 44, 24
_LEAST = 8.0
_FIRST, _LAST = 7, 19


@dataclass(frozen=True, slots=True)
class Slot:
    """What is drawn of a session: from when to when (µs), and what becomes of it.

    `late`: it is due for longer than it takes, and was not begun.
    """

    id: str
    machine: str
    start: int
    end: int
    state: str
    label: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    slot: Slot
    x: float
    y: int
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    machine: str
    y: int


@dataclass(frozen=True, slots=True)
class Tick:
    hour: str
    x: float


@dataclass(frozen=True, slots=True)
class Lanes:
    """In units of a drawing that is `width` by `height`; `now` is None on another day."""

    width: int
    height: int
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    now: float | None


def lanes(slots: Sequence[Slot], midnight: int, now: int) -> Lanes:
    """Of one day that begins at `midnight` (µs), from seven to seven, or as far as its slots."""
    first = min([_FIRST, *((each.start - midnight) // _HOUR for each in slots)])
    last = max([_LAST, *(-(-(each.end - midnight) // _HOUR) for each in slots)])
    span = (last - first) * _HOUR

    def x(at: int) -> float:
        return round((at - midnight - first * _HOUR) / span * _WIDTH, 1)

    machines = list(dict.fromkeys(sorted(each.machine for each in slots)))
    rows = tuple(Row(name, _HEAD + place * _LANE) for place, name in enumerate(machines))
    tops = {each.machine: each.y for each in rows}
    return Lanes(
        _WIDTH,
        _HEAD + _LANE * len(rows),
        rows,
        tuple(
            Bar(each, x(each.start), tops[each.machine], max(_LEAST, x(each.end) - x(each.start)))
            for each in slots
        ),
        tuple(
            Tick(f"{hour % 24:02}", x(midnight + hour * _HOUR)) for hour in range(first, last + 1)
        ),
        x(now) if first * _HOUR <= now - midnight <= last * _HOUR else None,
    )
