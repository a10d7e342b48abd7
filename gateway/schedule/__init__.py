"""The schedule: appointments, orders and gates, folded from what systems and people say."""

from gateway.schedule.book import ScheduleBook, Setting
from gateway.schedule.calendar import Day, WorkCalendar
from gateway.schedule.desk import ScheduleDesk
from gateway.schedule.gate import gate_event
from gateway.schedule.options import HolidayOptions, ScheduleOptions
from gateway.schedule.problem import Problem, ProblemKind
from gateway.schedule.room import room

__all__ = [
    "Day",
    "HolidayOptions",
    "Problem",
    "ProblemKind",
    "ScheduleBook",
    "ScheduleDesk",
    "ScheduleOptions",
    "Setting",
    "WorkCalendar",
    "gate_event",
    "room",
]
