"""Which isodose lines are drawn, and of what they are parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tps_bridge.plan import DoseReference
from tps_bridge.slices.grid import Grid

_COLOURS = (
    (20, "#4468d8"),
    (50, "#0078be"),
    (70, "#009c8c"),
    (80, "#2e8b3c"),
    (90, "#9aa61a"),
    (95, "#e0b400"),
    (100, "#e07000"),
    (105, "#d02a20"),
    (110, "#a0148c"),
)
_WHOLE = "PLAN"


class Basis(StrEnum):
    """What 100 % are."""

    PRESCRIBED = "the prescribed dose"
    GREATEST = "the greatest dose in the grid"


@dataclass(frozen=True, slots=True)
class Level:
    """`dose` in the grid's unit."""

    percent: int
    dose: float
    colour: str


@dataclass(frozen=True, slots=True)
class Scale:
    """`whole` is 100 % in the grid's unit; `name` that of the dose reference that prescribes it."""

    basis: Basis
    whole: float
    levels: tuple[Level, ...]
    reference: int | None = None
    name: str = ""


def targets(grid: Grid, references: Sequence[DoseReference]) -> list[DoseReference]:
    """The targets that a dose can be a part of: it is in Gy, and of the whole plan."""
    if grid.units != "GY" or grid.summation != _WHOLE:
        return []
    found = [each for each in references if each.is_target and each.prescribed]
    return sorted(found, key=lambda each: each.prescribed or 0.0, reverse=True)


def scale_of(
    grid: Grid,
    references: Sequence[DoseReference],
    greatest: float | None,
    wanted: int | None = None,
) -> Scale | None:
    """Parts of what is prescribed to a target, by default to that with most; else of the greatest.

    None where neither is known.
    """
    several = targets(grid, references)
    chosen = next((each for each in several if each.number == wanted), next(iter(several), None))
    if chosen is not None and chosen.prescribed is not None:
        levels = _levels(chosen.prescribed)
        name = chosen.name or str(chosen.number)
        return Scale(Basis.PRESCRIBED, chosen.prescribed, levels, chosen.number, name)
    if greatest is None or greatest <= 0:
        return None
    return Scale(Basis.GREATEST, greatest, _levels(greatest))


def _levels(whole: float) -> tuple[Level, ...]:
    return tuple(Level(part, whole * part / 100, colour) for part, colour in _COLOURS)
