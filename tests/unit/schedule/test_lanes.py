"""A day as lanes: everything has its place, side by side where it must."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from hypothesis import given
from hypothesis import strategies as st

from gateway.model import AppointmentStatus, Instant
from gateway.room import Appointment
from gateway.schedule.lanes import Cell, Grid, Scale, grid
from tests.unit.schedule.schedule_case import MINUTE, at

MIDNIGHT = at("00:00")


def appointment(name: str, start: str, minutes: float = 15, lane: str = "linac-1") -> Appointment:
    return Appointment(
        name, "B", "", name, AppointmentStatus.BOOKED, at(start), "2026-11-23", minutes, lane
    )


def day(*appointments: Appointment, step: int = 15, now: str = "08:20") -> Grid:
    scale = Scale(MIDNIGHT, time(8), time(10), step, at(now))
    return grid(appointments, ["linac-1", "linac-2"], scale)


def taken(found: Grid) -> list[tuple[str, int]]:
    return [
        (cell.appointment.id, cell.rows)
        for row in found.rows
        for cell in row.cells
        if cell.appointment
    ]


def test_an_empty_day_has_its_lanes_and_hours() -> None:
    found = day()
    assert [(head.lane, head.columns) for head in found.heads] == [("linac-1", 1), ("linac-2", 1)]
    assert [row.start for row in found.rows] == [at("08:00") + n * 15 * MINUTE for n in range(8)]
    assert [row.hour for row in found.rows] == [True, False, False, False] * 2
    assert [row.now for row in found.rows].index(True) == 1


def test_an_appointment_takes_as_many_rows_as_it_lasts() -> None:
    found = day(appointment("a", "08:00", 40), appointment("b", "09:00", 5))
    assert taken(found) == [("a", 3), ("b", 1)]
    assert [len(row.cells) for row in found.rows][:4] == [2, 1, 1, 2]


def test_what_overlaps_stands_side_by_side() -> None:
    found = day(appointment("a", "08:00", 30), appointment("b", "08:15", 30))
    assert found.heads[0].columns == 2
    assert taken(found) == [("a", 2), ("b", 2)]


def test_the_scale_grows_with_what_lies_outside() -> None:
    found = day(appointment("early", "06:30"), appointment("late", "11:50", 30))
    assert found.rows[0].start == at("06:00")
    assert found.rows[-1].start == at("12:15")


def test_what_no_lane_is_declared_for_has_a_lane_of_its_own() -> None:
    found = day(appointment("x", "08:00", lane="linac-9"))
    assert [head.lane for head in found.heads] == ["linac-1", "linac-2", ""]


def test_what_has_no_time_stands_apart() -> None:
    timeless = replace(appointment("a", "08:00"), start=None)
    found = day(timeless)
    assert found.untimed == (timeless,)
    assert taken(found) == []


def test_the_last_minutes_of_a_day_end_with_it() -> None:
    found = day(appointment("a", "23:50", 60))
    assert found.rows[-1].start == at("23:45")
    assert taken(found) == [("a", 1)]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 24 * 60 - 1), st.integers(1, 200), st.sampled_from(("linac-1", "x"))
        ),
        max_size=25,
    ),
    st.sampled_from((5, 15, 60)),
)
def test_every_row_is_whole_and_every_appointment_is_shown_once(
    given_: list[tuple[int, int, str]], step: int
) -> None:
    appointments = [
        replace(appointment(str(n), "00:00", minutes, lane), start=Instant(MIDNIGHT + at_ * MINUTE))
        for n, (at_, minutes, lane) in enumerate(given_)
    ]
    found = day(*appointments, step=step)
    assert sorted(name for name, _ in taken(found)) == sorted(each.id for each in appointments)
    width = sum(head.columns for head in found.heads)
    for place in range(len(found.rows)):
        covering = [
            cell
            for above, row in enumerate(found.rows[: place + 1])
            for cell in row.cells
            if above + cell.rows > place
        ]
        assert len(covering) == width, place
    assert all(isinstance(cell, Cell) for row in found.rows for cell in row.cells)
