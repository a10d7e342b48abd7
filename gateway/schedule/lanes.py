"""A day as lanes: one a resource, on a scale of hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

from gateway.model import Instant
from gateway.room import Appointment

_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of a lane: an appointment over `rows` steps, or one free step."""

    lane: str
    start: Instant
    rows: int = 1
    appointment: Appointment | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A step of the scale. `hour` begins a full hour, `now` holds the present moment."""

    start: Instant
    hour: bool
    now: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A lane and how many columns it needs, where appointments stand side by side."""

    lane: str
    columns: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The lanes of a day, row by row; `untimed` have no place on the scale."""

    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    untimed: tuple[Appointment, ...]


@dataclass(slots=True)
class _Column:
    """A column of a lane, filled from above."""

    filled: int = 0
    cells: dict[int, Appointment] = field(default_factory=dict)
    spans: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scale:
    """The hours that are shown, in steps of so many minutes, from the day's `midnight` on."""

    midnight: Instant
    begin: time
    end: time
    step: int
    now: Instant

    def minutes(self, instant: Instant | None) -> int:
        """Minutes since midnight, at least 0."""
        return max(0, ((instant or self.midnight) - self.midnight) // _MINUTE)

    def instant(self, place: int) -> Instant:
        """When a step begins."""
        return Instant(self.midnight + place * self.step * _MINUTE)


def grid(appointments: Sequence[Appointment], lanes: Sequence[str], scale: Scale) -> Grid:
    """The grid of a day.

    `lanes` are shown whether they are used or not; appointments of none of them go to a lane of
    the empty name. The scale grows with what lies outside of its hours.
    """
    timed = [each for each in appointments if each.start is not None]
    first, last = _bounds(timed, scale)
    wanted = (*lanes, *([""] if any(each.resource not in lanes for each in timed) else []))
    columns = {
        lane: _columns([each for each in timed if _lane(each, lanes) == lane], first, last, scale)
        for lane in wanted
    }
    rows = tuple(_row(columns, place, scale) for place in range(first, last))
    heads = tuple(Head(lane, len(columns[lane])) for lane in wanted)
    return Grid(heads, rows, tuple(each for each in appointments if each.start is None))


def _lane(appointment: Appointment, lanes: Sequence[str]) -> str:
    return appointment.resource if appointment.resource in lanes else ""


def _bounds(timed: Sequence[Appointment], scale: Scale) -> tuple[int, int]:
    """First and last step of the scale, in steps since midnight; it begins at a full hour."""
    begin, end = (each.hour * 60 + each.minute for each in (scale.begin, scale.end))
    for each in timed:
        begin = min(begin, scale.minutes(each.start))
        end = max(end, min(24 * 60, scale.minutes(each.end)))
    return begin // 60 * 60 // scale.step, -(-end // scale.step)


def _columns(
    appointments: Sequence[Appointment], first: int, last: int, scale: Scale
) -> list[_Column]:
    """Each appointment in the first column that is free where it begins."""
    columns = [_Column(filled=first)]
    for each in sorted(appointments, key=lambda one: (one.start or 0, one.id)):
        begin = scale.minutes(each.start) // scale.step
        end = min(last, max(begin + 1, -(-scale.minutes(each.end) // scale.step)))
        column = next((one for one in columns if one.filled <= begin), None)
        if column is None:
            column = _Column()
            columns.append(column)
        column.filled = end
        column.cells[begin], column.spans[begin] = each, max(1, end - begin)
    return columns


def _row(columns: Mapping[str, Sequence[_Column]], place: int, scale: Scale) -> Row:
    start, after = scale.instant(place), scale.instant(place + 1)
    cells = tuple(
        cell
        for lane, theirs in columns.items()
        for column in theirs
        if (cell := _cell(lane, column, place, start)) is not None
    )
    return Row(start, place * scale.step % 60 == 0, start <= scale.now < after, cells)


def _cell(lane: str, column: _Column, place: int, start: Instant) -> Cell | None:
    """What begins here; None where something from above goes on."""
    found = column.cells.get(place)
    if found is not None:
        return Cell(lane, start, column.spans[place], found)
    covered = any(at < place < at + rows for at, rows in column.spans.items())
    return None if covered else Cell(lane, start)
