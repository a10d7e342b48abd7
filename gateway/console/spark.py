"""Trends drawn as SVG. A gap in the data is a gap in the line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from gateway.model import Instant
from gateway.store import RollupRow

_PAD = 3.0
_TICK = Markup(
    '<line class="grid" x1="{0}" x2="{0}" y1="0" y2="220"/>'
    '<text x="{0}" y="240" text-anchor="middle">{1}</text>'
)
_LEVEL = Markup(
    '<line class="grid" x1="0" x2="960" y1="{0}" y2="{0}"/><text x="966" y="{0}" dy="5">{1}</text>'
)


@dataclass(frozen=True, slots=True)
class Frame:
    """Maps times and numbers onto a picture of `width` x `height`."""

    width: float
    height: float
    start: Instant
    end: Instant
    low: float
    high: float

    def x(self, instant: float) -> float:
        return (instant - self.start) / (self.end - self.start) * self.width

    def y(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return _PAD + (1 - share) * (self.height - 2 * _PAD)


def line(rows: Sequence[RollupRow], frame: Frame, step: int) -> str:
    """Path data through the means; rows further apart than `step` microseconds are not joined."""
    return " ".join(_segment(run, frame, step) for run in _runs(rows, step))


def band(rows: Sequence[RollupRow], frame: Frame, step: int) -> str:
    """Path data of the area between lowest and highest."""
    parts = []
    for run in _runs(rows, step):
        there = [f"{_x(row, frame, step)},{frame.y(row.high):.1f}" for row in run]
        back = [f"{_x(row, frame, step)},{frame.y(row.low):.1f}" for row in reversed(run)]
        parts.append(f"M{'L'.join(there + back)}Z")
    return " ".join(parts)


def decimals(rows: Sequence[RollupRow]) -> int:
    """Digits after the point that tell the rows apart: about three significant in their span."""
    span = max(row.high for row in rows) - min(row.low for row in rows)
    return min(6, max(0, 2 - math.floor(math.log10(span)))) if span else 3


def spark(rows: Sequence[RollupRow], start: Instant, end: Instant, step: int) -> str:
    """A small line without axes, as an SVG file that reads on light and dark."""
    path = line(rows, _frame(rows, 160, 32, start, end), step) if rows else ""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 32">'
        f'<path d="{path}" fill="none" stroke="#5f86b3" stroke-width="1.5" '
        'stroke-linejoin="round" stroke-linecap="round"/></svg>'
    )


def chart(
    rows: Sequence[RollupRow],
    span: tuple[Instant, Instant],
    step: int,
    marks: Sequence[tuple[Instant, str]],
    label: str,
) -> Markup:
    """A chart with its lowest and highest value and the `marks` on its time axis, as markup."""
    frame = _frame(rows, 960, 220, *span)
    digits = decimals(rows)
    ticks = Markup("").join(
        _TICK.format(f"{frame.x(instant):.1f}", text) for instant, text in marks
    )
    levels = Markup("").join(
        _LEVEL.format(f"{frame.y(value):.1f}", f"{value:.{digits}f}")
        for value in dict.fromkeys((frame.low, frame.high))
    )
    return Markup(
        '<svg viewBox="-30 -8 1080 256" role="img" aria-label="{}">{}{}'
        '<path class="band" d="{}"/><path class="line" d="{}"/></svg>'
    ).format(escape(label), ticks, levels, band(rows, frame, step), line(rows, frame, step))


def _frame(
    rows: Sequence[RollupRow], width: float, height: float, start: Instant, end: Instant
) -> Frame:
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    return Frame(width, height, start, end, low, high)


def _runs(rows: Sequence[RollupRow], step: int) -> Iterator[list[RollupRow]]:
    run: list[RollupRow] = []
    for row in rows:
        if run and row.start - run[-1].start > step:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _segment(run: Sequence[RollupRow], frame: Frame, step: int) -> str:
    """A run of one row is a short dash, so that it can be seen."""
    points = [f"{_x(row, frame, step)},{frame.y(row.mean):.1f}" for row in run]
    return f"M{'L'.join(points)}" if len(points) > 1 else f"M{points[0]}h3"


def _x(row: RollupRow, frame: Frame, step: int) -> str:
    return f"{frame.x(row.start + step / 2):.1f}"
