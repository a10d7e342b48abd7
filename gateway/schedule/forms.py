"""The forms of the schedule's pages, and what they say once they are filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.model import Instant, from_datetime, placed
from gateway.room import Entered, Field, Form
from gateway.schedule.options import ScheduleOptions
from gateway.schedule.resources import Resource

_LONGEST = 200
_LONGEST_MINUTES = 480


def book_form(options: ScheduleOptions, resources: Iterable[Resource]) -> Form:
    """A new appointment at one of some machines and rooms."""
    return Form(
        (
            Field("key", "Key", Entered.HIDDEN),
            Field("patient", "Patient's number", required=True, longest=64),
            Field(
                "issuer",
                "Given out by",
                required=True,
                hint="Whose number it is, as messages name them: HIS, the department.",
                longest=64,
            ),
            *_fields(options, resources),
            Field("note", "Note", longest=_LONGEST),
        )
    )


def change_form(options: ScheduleOptions, resources: Iterable[Resource]) -> Form:
    """Another time, place or purpose of an appointment."""
    return Form(
        (*_fields(options, resources), Field("reason", "Reason", required=True, longest=400))
    )


def _fields(options: ScheduleOptions, resources: Iterable[Resource]) -> tuple[Field, ...]:
    offered = tuple((each.id, each.name) for each in resources)
    return (
        Field("resource", "Machine or room", Entered.CHOICE, required=True, options=offered),
        Field("start", "Begin", Entered.TIME, required=True),
        Field("minutes", "Minutes", Entered.NUMBER, required=True),
        Field(
            "kind", "What for", required=True, suggestions=tuple(options.kinds.items()), longest=80
        ),
        Field("anyway", "Book it all the same", Entered.TICK),
    )


def moment_in(form: Form, zone: ZoneInfo) -> tuple[Instant | None, Form]:
    """The begin that a form names in the site's zone; None and its fault if it names none."""
    try:
        wall = datetime.fromisoformat(form["start"])
    except ValueError:
        return None, form.refused("start", "Give a date and a time.")
    try:
        return from_datetime(placed(wall, zone)), form
    except ValueError:
        return None, form.refused("start", "This time does not exist: clocks change then.")


def minutes_in(form: Form) -> tuple[float, Form]:
    """The length that a form names; 0 and its fault if it names none."""
    try:
        minutes = float(form["minutes"])
    except ValueError:
        minutes = 0.0
    if not 1 <= minutes <= _LONGEST_MINUTES:
        return 0.0, form.refused("minutes", "From 1 to 480 minutes.")
    return minutes, form


def without_tick(form: Form) -> Form:
    """The form without its tick for what is done all the same, which nobody has asked for yet."""
    fields = tuple(each for each in form.fields if each.name != "anyway")
    return replace(form, fields=fields)
