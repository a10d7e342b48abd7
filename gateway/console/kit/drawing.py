"""What the browser draws a `gateway.room.Chart` from: runs without gaps, marks in the site's zone.

BokehJS comes out of the wheel of bokeh and is served from here. Its Python half is never
imported: it would cost a second and 40 MB to say what a few numbers say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.console.kit.graph import graph
from gateway.console.text.reader import Reader
from gateway.console.text.units import written
from gateway.model import Instant, from_datetime, to_datetime
from gateway.room import Chart, Graph, Limit, Line, Spot

_HOUR = 60
_DAY = 24 * _HOUR
_NOON = 12 * _HOUR
_STEPS = (1, 5, 15, 30, _HOUR, 2 * _HOUR, 4 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 7 * _DAY)
"""Minutes between two marks of the time axis."""

_MOST_MARKS = 8
_MINUTE = 60_000_000
_MILLI = 1_000


class Drawings:
    """The charts of one page; `used` says whether there are any."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.used = False

    def __call__(self, chart: Chart | Graph) -> dict[str, Any]:
        """The chart as `chart.js` takes it; times in milliseconds."""
        self.used = True
        reader = self._reader
        if isinstance(chart, Graph):
            return graph(chart, reader)
        return {
            "unit": written(chart.unit),
            "start": chart.start / _MILLI,
            "end": chart.end / _MILLI,
            "marks": [[at / _MILLI, label] for at, label in marks(chart, reader)],
            "lines": [self._line(line, chart.gap) for line in chart.lines],
            "limits": [self._limit(limit) for limit in chart.limits],
            "time": reader.words.gettext("Time"),
        }

    def _line(self, line: Line, gap: int) -> dict[str, Any]:
        return {
            "name": self._reader.text(line.name),
            "runs": [self._run(run) for run in _runs(line.spots, gap)],
        }

    def _run(self, run: Sequence[Spot]) -> dict[str, list[Any]]:
        return {
            "x": [spot.at / _MILLI for spot in run],
            "y": [spot.value for spot in run],
            "low": [spot.value if spot.low is None else spot.low for spot in run],
            "high": [spot.value if spot.high is None else spot.high for spot in run],
            "when": [self._reader.moment(spot.at) for spot in run],
        }

    def _limit(self, limit: Limit) -> dict[str, Any]:
        return {
            "name": self._reader.text(limit.name),
            "value": limit.value,
            "level": limit.level.value,
        }


def marks(chart: Chart, reader: Reader) -> Iterator[tuple[Instant, str]]:
    """Full hours or days of the site's clock, few enough to be read; midnight shows its date."""
    minutes = (chart.end - chart.start) / _MINUTE
    steps = [each for each in _STEPS if each >= _DAY] if chart.daily else _STEPS
    step = next((each for each in steps if minutes / each <= _MOST_MARKS), _STEPS[-1])
    local = to_datetime(chart.start).astimezone(reader.zone)
    for place in _places(local, step, first=_NOON if chart.daily else 0):
        at = from_datetime(place)
        if at > chart.end:
            return
        if at >= chart.start:
            day = chart.daily or place.hour == place.minute == 0
            yield at, place.strftime("%m-%d" if day else "%H:%M")


def _places(local: datetime, step: int, first: int) -> Iterator[datetime]:
    """Wall-clock times, `step` minutes apart within each day, from minute `first` of `local`'s."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    while True:
        for minutes in range(first, _DAY, min(step, _DAY)):
            yield day.replace(hour=minutes // _HOUR, minute=minutes % _HOUR)
        day += timedelta(days=max(1, step // _DAY))


def _runs(spots: Sequence[Spot], gap: int) -> Iterator[list[Spot]]:
    run: list[Spot] = []
    for spot in spots:
        broken = spot.value is None or (gap and run and spot.at - run[-1].at > gap)
        if broken and run:
            yield run
            run = []
        if spot.value is not None:
            run.append(spot)
    if run:
        yield run
