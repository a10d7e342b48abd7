"""Trends drawn as SVG. A gap in the data is a gap in the line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.model import Instant
from gateway.store import RollupRow

_PAD = 3.0


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


def is_number(text: str) -> bool:
    """Whether a value's text can be drawn."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
