"""One plane of a dose with outlines over it, seen from the feet: x to the right, y down, in mm.

So the patient's left is on the right and the back is below, however the patient lies and the dose
is stored. Between the points of the grid a dose is interpolated along straight lines; between two
planes nothing is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from contourpy import FillType, LineType, contour_generator
from numpy.typing import NDArray

from tps_bridge.slices import Grid, Level, NotDrawn, Roi, Scale, Undrawn

Array: TypeAlias = NDArray[Any]

_MARGIN = 20.0
_MOST = 400_000
"""Corners of a picture, some ten times those of a busy one."""
_SAME = 0.05
_TURN = 2.399963
"""The golden angle: so far apart stand the numbers of one line and the next."""


@dataclass(frozen=True, slots=True)
class Band:
    """What lies between a level and the next one, and the level's line; `d` of SVG paths.

    `label` is where its number stands, None where no point of the plane reaches the level.
    """

    level: Level
    area: str
    line: str
    label: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Outline:
    """A structure's rings; `off` is how far their plane lies from the dose's, in mm."""

    roi: Roi
    rings: str
    off: float


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Slice:
    """`box` is what is seen, `known` where the grid has values; no dose is drawn outside that."""

    z: float
    box: Box
    known: Box
    bands: tuple[Band, ...]
    outlines: tuple[Outline, ...]
    greatest: float


def slice_of(
    grid: Grid,
    frame: int,
    values: Array,
    scale: Scale,
    *,
    rois: Sequence[Roi],
    chosen: frozenset[int],
) -> Slice:
    """A frame, from 1, whose `values` are in the grid's unit, by row and column.

    Of `rois` the `chosen` numbers are drawn; the view leaves room for all, to stay as it is from
    plane to plane.
    NotDrawn where it is more than a picture takes.
    """
    z = grid.planes[frame - 1]
    known = _box([(grid.x.points, grid.y.points)])
    corners = [(ring[:, 0], ring[:, 1]) for each in rois for ring in _rings(each)]
    made = Slice(
        z,
        _wider(_box([(grid.x.points, grid.y.points), *corners])),
        known,
        _bands(grid, values, scale.levels),
        tuple(_outlines([each for each in rois if each.number in chosen], z)),
        float(values.max()),
    )
    written = sum(len(each.area) + len(each.line) for each in made.bands)
    if written > 10 * _MOST:
        raise NotDrawn(Undrawn.TOO_LARGE, f"{written} bytes")
    return made


def _rings(roi: Roi) -> Iterable[Array]:
    return (ring for rings in roi.planes.values() for ring in rings)


def _box(several: Iterable[tuple[Any, Any]]) -> Box:
    ends = [(min(x), min(y), max(x), max(y)) for x, y in several]
    left, top = min(each[0] for each in ends), min(each[1] for each in ends)
    right, bottom = max(each[2] for each in ends), max(each[3] for each in ends)
    return Box(*map(float, (left, top, right - left, bottom - top)))


def _wider(box: Box) -> Box:
    return Box(box.x - _MARGIN, box.y - _MARGIN, box.width + 2 * _MARGIN, box.height + 2 * _MARGIN)


def _bands(grid: Grid, values: Array, levels: Sequence[Level]) -> tuple[Band, ...]:
    """None where the plane is but one row or column wide: nothing lies between its points."""
    if min(values.shape) < 2:  # noqa: PLR2004 - a line has no area
        return ()
    generator = contour_generator(
        x=np.asarray(grid.x.points),
        y=np.asarray(grid.y.points),
        z=values,
        name="serial",
        line_type=LineType.Separate,
        fill_type=FillType.OuterOffset,
    )
    made = []
    for place, level in enumerate(levels):
        upper = levels[place + 1].dose if place + 1 < len(levels) else math.inf
        lines = [np.asarray(each) for each in generator.lines(level.dose)]
        filled: Any = generator.filled(level.dose, upper)  # of this fill type: points and offsets
        polygons, offsets = filled
        rings = [
            ring
            for polygon, ends in zip(polygons, offsets, strict=True)
            for ring in np.split(np.asarray(polygon), np.asarray(ends[1:-1]))
        ]
        made.append(Band(level, _path(rings), _path(lines, closed=False), _label(lines, place)))
    return tuple(made)


def _label(lines: Sequence[Array], place: int) -> tuple[float, float] | None:
    """A point of the longest line, in another direction for each level."""
    if not lines:
        return None
    longest = max(lines, key=len)
    turn = _TURN * place
    out = (longest - longest.mean(axis=0)) @ np.array([math.cos(turn), math.sin(turn)])
    x, y = longest[int(out.argmax())]
    return round(float(x), 1), round(float(y), 1)


def _outlines(rois: Sequence[Roi], z: float) -> Iterable[Outline]:
    for each in rois:
        nearest = each.nearest(z)
        if nearest is not None:
            off = abs(nearest - z)
            yield Outline(each, _path(each.planes[nearest]), 0.0 if off <= _SAME else off)


def _path(rings: Iterable[Array], *, closed: bool = True) -> str:
    return "".join("M" + "L".join(map(_point, each)) + "Z" * closed for each in rings)


def _point(point: Array) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
