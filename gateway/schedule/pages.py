"""`/schedule` and `/appointments`: who comes when, to which machine?"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.model import AppointmentStatus, Identifier
from gateway.room import Appointment, PageKit, People, Permission, access, principal
from gateway.schedule.book import ScheduleBook
from gateway.schedule.booking import booking, changed
from gateway.schedule.desk import ENDS, NEXT, ScheduleDesk, unknown_appointment
from gateway.schedule.faces import Faces
from gateway.schedule.forms import book_form, change_form, without_tick
from gateway.schedule.lanes import Scale, grid
from gateway.schedule.options import ResourceSort, ScheduleOptions
from gateway.schedule.origin import Origins
from gateway.schedule.resources import Resource
from gateway.schedule.words import WEEKDAYS
from gateway.web import reason_in
from gateway.web.day import day_in

_DAY = timedelta(days=1)
_LANES = (ResourceSort.MACHINE, ResourceSort.IMAGING, ResourceSort.ROOM)


class SchedulePages:
    """The day, and single appointments."""

    def __init__(self, kit: PageKit, book: ScheduleBook, desk: ScheduleDesk) -> None:
        self._kit, self._book, self._desk = kit, book, desk

    def routes(self) -> Iterable[BaseRoute]:
        one = "/appointments/{id}"
        return [
            Route("/schedule", self.day, methods=["GET"]),
            Route("/appointments/new", self.new, methods=["GET"]),
            Route("/appointments/new", self.make, methods=["POST"]),
            Route(one, self.appointment, methods=["GET"]),
            Route(f"{one}/move", self.move, methods=["POST"]),
            Route(f"{one}/change", self.change, methods=["POST"]),
            Route(f"{one}/assign", self.assign, methods=["POST"]),
            Route(f"{one}/hold", self.hold, methods=["POST"]),
            Route(f"{one}/release", self.release, methods=["POST"]),
        ]

    @access(Permission.READ_SCHEDULE)
    async def day(self, request: Request) -> Response:
        """A day by resource."""
        book, reader = self._book, self._kit.reader(request)
        today = book.local(reader.now).date()
        day = day_in(request.query_params.get("day", ""), today)
        seen = book.seen_by(principal(request))
        found = seen.appointments(await book.day(day))
        midnight, _ = book.span(day)
        hours = book.setting.options.hours
        lanes = [each for each in seen.places() if each.kind in _LANES]
        scale = Scale(midnight, hours.begin, hours.end, book.setting.options.step, reader.now)
        faces = await Faces.of(book, found, principal(request), reader.language)
        return self._kit.page(
            request,
            "schedule/day.html",
            day=day,
            today=today,
            weekday=WEEKDAYS[day.weekday()],
            before=day - _DAY,
            after=day + _DAY,
            holiday=book.calendar.day(day),
            grid=grid(found, [each.id for each in lanes], scale),
            lanes={each.id: each for each in lanes},
            origins=Origins(book.setting.links()).among(found),
            faces={each.id: faces.face(each) for each in found},
            count=sum(each.status.is_open for each in found),
            clock=lambda instant: f"{book.local(instant):%H:%M}",
            local=lambda instant: f"{book.local(instant):%Y-%m-%dT%H:%M}",
            problems=len(seen.problems(await book.problems(reader.now))),
            may_write=principal(request).may(Permission.WRITE_SCHEDULE),
        )

    @access(Permission.WRITE_SCHEDULE)
    async def new(self, request: Request) -> Response:
        query = request.query_params
        values = {
            "key": os.urandom(12).hex(),
            "resource": query.get("resource", ""),
            "start": query.get("start", ""),
            "minutes": f"{self._book.resources.minutes:g}",
            **await self._of_patient(query.get("patient", "")),
        }
        form = without_tick(book_form(*self._offered(request))).of(values)
        return self._kit.page(request, "schedule/new.html", form=form)

    @access(Permission.WRITE_SCHEDULE)
    async def make(self, request: Request) -> Response:
        form = book_form(*self._offered(request)).filled(await self._kit.form(request))
        taken = await booking(self._book, form)
        if taken.said is None:
            return self._kit.page(request, "schedule/new.html", status=422, form=taken.form)
        key = form["key"] or os.urandom(12).hex()
        id_ = await self._desk.book(principal(request), taken.said, key, form["note"])
        return self._kit.done(request, f"/appointments/{id_}", "The appointment is made.")

    @access(Permission.READ_SCHEDULE)
    async def appointment(self, request: Request) -> Response:
        return await self._page(request)

    @access(Permission.WRITE_SCHEDULE)
    async def move(self, request: Request) -> Response:
        """To another status; the way back needs no reason, an end does."""
        given = await self._kit.form(request)
        wanted = given.get("status", "")
        if wanted not in set(AppointmentStatus):
            raise unknown_appointment()
        status = AppointmentStatus(wanted)
        reason = reason_in(given) if status in ENDS else given.get("reason", "").strip()[:400]
        id_ = (await self._known(request)).id
        await self._desk.move(principal(request), id_, status, reason)
        return self._kit.done(request, _path(request), "The appointment is moved on.")

    @access(Permission.WRITE_SCHEDULE)
    async def change(self, request: Request) -> Response:
        form = change_form(*self._offered(request)).filled(await self._kit.form(request))
        taken = await changed(self._book, form, (await self._known(request)).id)
        if taken.said is None:
            return await self._page(request, taken.form)
        await self._desk.change(principal(request), _id(request), taken.said, form["reason"])
        return self._kit.done(request, _path(request), "The appointment is changed.")

    @access(Permission.WRITE_SCHEDULE)
    async def assign(self, request: Request) -> Response:
        """To the patient with a number; nobody is guessed."""
        given = await self._kit.form(request)
        value, issuer = given.get("value", "").strip(), given.get("issuer", "").strip()
        reason = reason_in(given)
        if not value or not issuer:
            raise unknown_appointment()
        patient = Identifier(value, issuer)
        id_ = (await self._known(request)).id
        await self._desk.assign(principal(request), id_, patient, reason)
        return self._kit.done(request, _path(request), "The appointment has its patient.")

    @access(Permission.WRITE_SCHEDULE)
    async def hold(self, request: Request) -> Response:
        reason = reason_in(await self._kit.form(request))
        await self._desk.hold(principal(request), (await self._known(request)).id, reason)
        return self._kit.done(request, _path(request), "The patient is not called until released.")

    @access(Permission.WRITE_SCHEDULE)
    async def release(self, request: Request) -> Response:
        given = await self._kit.form(request)
        id_ = (await self._known(request)).id
        await self._desk.release(principal(request), id_, given.get("reason", "")[:400])
        return self._kit.done(request, _path(request), "The patient may be called.")

    async def _page(self, request: Request, form: object = None) -> Response:
        book, reader = self._book, self._kit.reader(request)
        found = await self._known(request)
        faces = await Faces.of(book, [found], principal(request), reader.language)
        values = {
            "resource": found.resource,
            "start": f"{book.local(found.start):%Y-%m-%dT%H:%M}" if found.start else "",
            "minutes": f"{found.minutes:g}",
            "kind": found.kind or found.title,
        }
        change = without_tick(change_form(*self._offered(request))).of(values)
        resource = book.resources.get(found.resource)
        return self._kit.page(
            request,
            "schedule/appointment.html",
            status=200 if form is None else 422,
            each=found,
            face=faces.face(found),
            origin=Origins(book.setting.links()).of(found),
            resource=resource,
            next=NEXT.get(found.status, ()),
            form=form or change,
            faulty=form is not None,
            history=await book.history(found.id),
            clock=lambda instant: f"{book.local(instant):%Y-%m-%d %H:%M}",
            may_write=principal(request).may(Permission.WRITE_SCHEDULE),
        )

    def _offered(self, request: Request) -> tuple[ScheduleOptions, list[Resource]]:
        """What the forms of somebody offer."""
        return self._book.setting.options, self._book.seen_by(principal(request)).places()

    async def _known(self, request: Request) -> Appointment:
        """The appointment of the address; Refusal 404 for one that is not seen."""
        return await self._desk.known(_id(request), principal(request))

    async def _of_patient(self, id_: str) -> dict[str, str]:
        """The number of the patient whose page leads here."""
        if not id_:
            return {}
        try:
            people = self._book.setting.neighbours(People)
        except LookupError:
            return {}
        found = await people.patient(id_)
        return {"patient": found.own.value, "issuer": found.own.issuer} if found else {}


def _id(request: Request) -> str:
    return str(request.path_params["id"])


def _path(request: Request) -> str:
    return f"/appointments/{_id(request)}"
