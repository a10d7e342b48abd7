"""`/appointments`: a day by resource, one appointment, making and cancelling, and files of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Header, Query, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.api.patients import nobody
from gateway.api.sheet import Sheet, report_item, row_item
from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    Identifier,
    PatientStatement,
    ResourceKind,
    ResourceUse,
    from_datetime,
)
from gateway.room import Appointment, Permission, access, principal
from gateway.room.document import Body
from gateway.room.route import PREFIX, route
from gateway.schedule import ScheduleBook, ScheduleDesk
from gateway.schedule.faces import Face, Faces
from gateway.schedule.importer import Importer, Outcome
from gateway.web import GatewayView, Refusal, json_response, rfc3339

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=64,
        description="the same key makes one appointment",
    ),
]


class Wanted(Body):
    """A new appointment; the patient must be known."""

    patient: str = Field(min_length=1, max_length=64)
    issuer: str = Field(min_length=1, max_length=64)
    resource: str = Field(min_length=1, max_length=64)
    start: AwareDatetime
    minutes: float | None = Field(default=None, gt=0, le=480)
    kind: str = Field(default="", max_length=80)
    reason: str = Field(default="", max_length=400)


class Cancelled(Body):
    reason: str = Field(min_length=1, max_length=400)


class Booked(Sheet):
    """A CSV file of appointments; `book` names who keeps them."""

    book: str = Field(min_length=1, max_length=80)


class Appointments:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        path, post = f"{PREFIX}/appointments", "POST"
        return [
            route(path, self.day, document.Appointments),
            route(path, self.make, document.Appointment, method=post, refusals=(404, 409)),
            route(f"{path}/import", self.take_in, dict[str, Any], method=post),
            route(f"{path}/{{id}}", self.appointment, document.Appointment, refusals=(404,)),
            route(
                f"{path}/{{id}}/cancel",
                self.cancel,
                document.Appointment,
                method=post,
                refusals=(404, 409),
            ),
        ]

    @access(Permission.READ_SCHEDULE)
    async def day(
        self,
        request: Request,
        day: Annotated[
            date | None, Query(description="of the site's zone; today if left out")
        ] = None,
        resource: Annotated[str, Query(description="only this one")] = "",
    ) -> Response:
        """What is booked on a day; those without a time first."""
        wanted = day or self._book.local(self._view.now()).date()
        seen = self._book.seen_by(principal(request))
        found = seen.appointments(await self._book.day(wanted, resource))
        items = await self._items(request, *found)
        return json_response({"day": wanted.isoformat(), "items": items})

    @access(Permission.READ_SCHEDULE)
    async def appointment(self, request: Request, id: str) -> Response:  # noqa: A002 - a path parameter
        """One appointment as it stands now."""
        (item,) = await self._items(request, await self._desk.known(id, principal(request)))
        return json_response(item)

    @access(Permission.WRITE_SCHEDULE)
    async def make(self, request: Request, body: Wanted, key: IdempotencyKey) -> Response:
        """Make an appointment; the same key again gives the same one."""
        seen = self._book.seen_by(principal(request))
        if (
            body.resource not in {each.id for each in seen.places()}
            and not seen.in_sight.everything
        ):
            raise Refusal(
                404,
                "Unknown machine or room",
                "No machine or room {resource} is of a department of yours.",
                "Name one that is declared under schedule: resources:.",
                resource=body.resource,
            )
        own = Identifier(body.patient, body.issuer)
        if not await self._book.known_people(own):
            raise nobody()
        start = from_datetime(body.start)
        said = AppointmentStatement(
            book="",
            start=start,
            day=self._book.local(start).date().isoformat(),
            minutes=body.minutes,
            kind=body.kind,
            reason=body.reason,
            resources=(ResourceUse(ResourceKind.EQUIPMENT, body.resource),),
            patient=PatientStatement(identifiers=(own,)),
        )
        id_ = await self._desk.book(principal(request), said, key, body.reason)
        (item,) = await self._items(request, await self._desk.known(id_))
        return json_response(item)

    @access(Permission.WRITE_SCHEDULE)
    async def cancel(
        self,
        request: Request,
        id: str,  # noqa: A002 - a path parameter
        body: Cancelled,
    ) -> Response:
        """Cancel an appointment; nothing happens to one that is cancelled."""
        who, status = principal(request), AppointmentStatus.CANCELLED
        await self._desk.known(id, who)
        (item,) = await self._items(request, await self._desk.move(who, id, status, body.reason))
        return json_response(item)

    @access(Permission.WRITE_SCHEDULE)
    async def take_in(self, request: Request, body: Booked) -> Response:
        """What a file would do, row by row; without `dry_run`, it is done."""
        importer = self._view.subscriber(Importer)
        given = (body.csv, body.book, body.issuer, body.charset)
        report = (
            await importer.tried(*given)
            if body.dry_run
            else await importer.done(principal(request), *given)
        )
        return json_response(report_item(report, [_outcome_item(each) for each in report.outcomes]))

    @property
    def _book(self) -> ScheduleBook:
        return self._view.subscriber(ScheduleBook)

    @property
    def _desk(self) -> ScheduleDesk:
        return self._view.subscriber(ScheduleDesk)

    async def _items(self, request: Request, *found: Appointment) -> list[dict[str, Any]]:
        """Names and numbers as the caller may read them."""
        faces = await Faces.of(self._book, found, principal(request), self._view.site.locale)
        return [_item(each, faces.face(each)) for each in found]


def _item(each: Appointment, face: Face) -> dict[str, Any]:
    return {
        "id": each.id,
        "book": each.book,
        "placer": each.placer,
        "filler": each.filler,
        "status": each.status,
        "start": None if each.start is None else rfc3339(each.start),
        "day": each.day or None,
        "minutes": each.minutes,
        "resource": each.resource or None,
        "kind": each.kind,
        "title": each.title,
        "patient": {"name": face.name, "number": face.number, "known": face.known},
        "gates": [
            {"room": gate.room, "name": gate.name, "reason": dict(gate.reason)}
            for gate in each.gates
        ],
        "raw_id": each.raw,
    }


def _outcome_item(each: Outcome) -> dict[str, Any]:
    number = each.said.filler if each.said else None
    known = {"known_patient": each.known_patient, "known_resource": each.known_resource}
    return row_item(each, number) | known
