"""What the browser draws a `gateway.room.Graph` from: as a chart, with a quantity for the time."""

from __future__ import annotations

import math
from typing import Any

from gateway.console.text.reader import Reader
from gateway.console.text.units import written
from gateway.room import Graph, Trace

_MOST_MARKS = 8
_STEPS = (1, 2, 5, 10)


def graph(given: Graph, reader: Reader) -> dict[str, Any]:
    """As `chart.js` takes it."""
    unit = written(given.along_unit)
    return {
        "unit": written(given.unit),
        "start": 0,
        "end": given.end,
        "marks": [[at, f"{at:g} {unit}".strip()] for at in marks(given.end)],
        "lines": [_line(each, unit, reader) for each in given.traces],
        "limits": [],
        "time": reader.text(given.along),
    }


def marks(end: float) -> list[float]:
    """Round numbers from 0 to `end`, few enough to be read."""
    if end <= 0:
        return [0.0]
    scale = 10.0 ** math.floor(math.log10(end / _MOST_MARKS))
    step = next(each for each in _STEPS if end / (each * scale) <= _MOST_MARKS) * scale
    return [round(place * step, 12) for place in range(int(end / step) + 1)]


def _line(trace: Trace, unit: str, reader: Reader) -> dict[str, Any]:
    x = [at for at, _ in trace.points]
    y = [value for _, value in trace.points]
    when = [f"{at:.4g} {unit}".strip() for at in x]
    return {
        "name": reader.text(trace.name),
        "colour": trace.colour,
        "runs": [{"x": x, "y": y, "low": y, "high": y, "when": when}],
    }
