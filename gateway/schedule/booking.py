"""From a filled form to an appointment: who, where, when, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import (
    AppointmentStatement,
    Identifier,
    Instant,
    PatientStatement,
    ResourceKind,
    ResourceUse,
)
from gateway.room import Appointment, Form, People
from gateway.schedule.book import ScheduleBook
from gateway.schedule.forms import minutes_in, moment_in
from gateway.schedule.noted import HERE


@dataclass(frozen=True, slots=True)
class Taken:
    """What a form comes to: a statement, or None and the form with its faults."""

    said: AppointmentStatement | None
    form: Form


async def booking(book: ScheduleBook, form: Form) -> Taken:
    """A new appointment. Its patient must be known: nobody is guessed from a number."""
    patient, form = await _patient(book, form)
    taken = await changed(book, form)
    if taken.said is None or patient is None:
        return Taken(None, taken.form)
    said = taken.said
    return Taken(
        AppointmentStatement(
            book=HERE,
            start=said.start,
            day=said.day,
            minutes=said.minutes,
            kind=said.kind,
            resources=said.resources,
            reason=form["note"],
            patient=patient,
        ),
        taken.form,
    )


async def changed(book: ScheduleBook, form: Form, id_: str = "") -> Taken:
    """Time, place and purpose; `id_` is the appointment that gets them, which is not in its way."""
    start, form = moment_in(form, book.setting.zone)
    minutes, form = minutes_in(form)
    if start is None or not minutes or not form.ok:
        return Taken(None, form)
    resource = form["resource"]
    if not form["anyway"]:
        form = await _in_the_way(book, form, resource, (start, minutes), id_)
    if not form.ok:
        return Taken(None, form)
    said = AppointmentStatement(
        book="",
        reschedules=True,
        start=start,
        day=book.local(start).date().isoformat(),
        minutes=minutes,
        kind=form["kind"],
        resources=(ResourceUse(ResourceKind.EQUIPMENT, resource),),
    )
    return Taken(said, form)


async def _patient(book: ScheduleBook, form: Form) -> tuple[PatientStatement | None, Form]:
    if not form["patient"] or not form["issuer"]:
        return None, form
    try:
        people = book.setting.neighbours(People)
    except LookupError:
        return None, form.refused("patient", "No patients are kept here.")
    found = await people.resolve(form["patient"], form["issuer"])
    if found is None:
        return None, form.refused(
            "patient", "Nobody, or more than one patient, is known by this number."
        )
    own = next(
        (each for each in found.identifiers if (each.value, each.issuer) == _asked(form)),
        Identifier(form["patient"], form["issuer"]),
    )
    said = PatientStatement(identifiers=(own,), names=found.names)
    return said, form


def _asked(form: Form) -> tuple[str, str]:
    return form["patient"], form["issuer"]


async def _in_the_way(
    book: ScheduleBook, form: Form, resource: str, time: tuple[Instant, float], id_: str
) -> Form:
    """The form with what a person has to know before it is booked all the same."""
    start, minutes = time
    end = start + int(minutes * 60_000_000)
    day = book.local(start).date()
    if not book.calendar.is_working_day(day):
        form = form.refused("start", "This is no working day. Tick below to book it all the same.")
    for other in await book.day(day, resource):
        if other.id != id_ and _meets(other, start, end):
            return form.refused(
                "start",
                "Taken from %(begin)s to %(end)s. Tick below to book it all the same.",
                begin=f"{book.local(other.start or start):%H:%M}",
                end=f"{book.local(other.end or start):%H:%M}",
            )
    return form


def _meets(other: Appointment, start: Instant, end: int) -> bool:
    if other.start is None or other.end is None or not other.status.takes_time:
        return False
    return other.start < end and other.end > start
