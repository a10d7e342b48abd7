"""`/queue`: who is next, by machine; and what a desk does about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import PageKit, Patient, Permission, access, principal
from queue_display.arrivals import NotFound
from queue_display.faces import Faces
from queue_display.machine import Illegal, possible
from queue_display.parts import Parts
from queue_display.screens import DeskStream
from queue_display.tables import RESUME, STOP
from queue_display.terms import State, words
from queue_display.ticket import Ticket
from queue_display.told import refusal

HERE = "/queue"
_SECOND = 1_000_000

NOBODY_KNOWN = words(
    "没有人或不止一人使用这个号码。", "Nobody, or more than one patient, is known by this number."
)


class QueuePages:
    """The lanes, and what is done to a whole queue."""

    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._context, self._desk = kit, parts.context, parts.desk
        self._stage, self._air, self._reception = parts.stage, parts.air, parts.reception

    def routes(self) -> Iterable[BaseRoute]:
        one = f"{HERE}/of/{{queue}}"
        return [
            Route(HERE, self.lanes, methods=["GET"]),
            Route(f"{HERE}/stream", DeskStream(self._air), methods=["GET"]),
            Route(f"{HERE}/check-in", self.check_in, methods=["POST"]),
            Route(f"{one}/next", self.next, methods=["POST"]),
            Route(f"{one}/walk-in", self.walk_in, methods=["POST"]),
            Route(f"{one}/stand", self.stand, methods=["POST"]),
            Route(f"{one}/settle", self.settle, methods=["POST"]),
        ]

    @access(Permission.CALL_PATIENTS)
    async def lanes(self, request: Request) -> Response:
        """All queues, or the one that the address names."""
        place = self._air.place()
        scene = await self._desk.scene(principal(request))
        wanted = request.query_params.get("queue", "")
        lanes = [each for each in scene.lanes.values() if wanted in ("", each.id)]
        reader = self._kit.reader(request)
        faces = Faces(self._context.neighbours, principal(request), reader.language)
        return self._kit.page(
            request,
            "queue/lanes.html",
            place=place,
            lanes=lanes or list(scene.lanes.values()),
            wanted=wanted if len(lanes) == 1 else "",
            queues={each.id: each.options for each in scene.lanes.values()},
            twins=self._stage.options.queues,
            faces=faces,
            waits=self._air.waits(),
            possible=possible,
            undoable=self._undoable,
            clock=self._stage.book.clock,
            policy=self._stage.options.policy,
        )

    @access(Permission.CALL_PATIENTS)
    async def next(self, request: Request) -> Response:
        """Call the ticket that the page showed as the next one."""
        shown = (await self._kit.form(request)).get("ticket", "")
        try:
            ticket = await self._desk.call_next(principal(request), _queue(request), shown)
        except Illegal as illegal:
            raise self._refused(request, illegal) from illegal
        return self._kit.done(request, _back(request), "%(label)s is called.", label=ticket.label)

    @access(Permission.CALL_PATIENTS)
    async def check_in(self, request: Request) -> Response:
        """At the desk: by an appointment of the list, or by a patient's number."""
        given = await self._kit.form(request)
        try:
            tickets = await self._checked_in(request, given)
        except Illegal as illegal:
            raise self._refused(request, illegal) from illegal
        except NotFound as unknown:
            raise self._refused(request, Illegal(unknown.text)) from unknown
        labels = ", ".join(each.label for each in tickets)
        return self._kit.done(request, _back(request), "Checked in: %(labels)s.", labels=labels)

    @access(Permission.CALL_PATIENTS)
    async def walk_in(self, request: Request) -> Response:
        """Somebody without an appointment, by number or without any."""
        given = await self._kit.form(request)
        now = self._context.clock.now()
        try:
            patient = await self._somebody(given)
            ticket = await self._desk.walk_in(
                principal(request), _queue(request), patient, given.get("reason", "")
            )
        except Illegal as illegal:
            raise self._refused(request, illegal) from illegal
        return self._kit.done(
            request,
            _back(request),
            "%(label)s waits since %(time)s.",
            label=ticket.label,
            time=self._stage.book.clock(now),
        )

    @access(Permission.CALL_PATIENTS)
    async def stand(self, request: Request) -> Response:
        """Stop a queue, let it go on, or say that its room is clean."""
        given = await self._kit.form(request)
        who, queue, what = principal(request), _queue(request), given.get("what", "")
        try:
            if what == STOP:
                await self._desk.stop(who, queue, given.get("reason", ""))
            elif what == RESUME:
                await self._desk.resume(who, queue)
            else:
                await self._desk.cleaned(who, queue)
        except Illegal as illegal:
            raise self._refused(request, illegal) from illegal
        return self._kit.done(request, _back(request), "The queue is changed.")

    @access(Permission.CALL_PATIENTS)
    async def settle(self, request: Request) -> Response:
        """Confirm or dismiss what a device event proposes."""
        given = await self._kit.form(request)
        try:
            await self._desk.settle(
                principal(request),
                _queue(request),
                given.get("cause", ""),
                confirmed=given.get("answer") == "yes",
                verb=given.get("verb", ""),
            )
        except Illegal as illegal:
            raise self._refused(request, illegal) from illegal
        return self._kit.done(request, _back(request), "The event is answered.")

    async def _checked_in(self, request: Request, given: Mapping[str, str]) -> list[Ticket]:
        now, proxy = self._context.clock.now(), bool(given.get("proxy"))
        scene = await self._desk.scene(principal(request))
        entry = scene.entries.get(given.get("ticket", ""))
        if entry is not None and entry.appointment is not None:
            key = entry.appointment.key
            if key is None:
                stops = [(entry.ticket.queue, entry.appointment)]
                return await self._desk.check_in(principal(request), stops, proxy=proxy)
            arrival = await self._reception.known(key, now, early=False)
        else:
            arrival = await self._reception.scanned(given.get("number", ""), now)
        return await self._desk.check_in(
            principal(request), arrival.stops, arrival.patient, proxy=proxy
        )

    async def _somebody(self, given: Mapping[str, str]) -> Patient | None:
        """Who has the number of a form; None without one, Illegal if nobody has it."""
        number, issuer = given.get("number", "").strip(), given.get("issuer", "").strip()
        if not number:
            return None
        patient = await self._reception.patient((number, issuer))
        if patient is None:
            raise Illegal(NOBODY_KNOWN)
        return patient

    def _undoable(self, ticket: Ticket) -> bool:
        """Whether the last step may still be taken back."""
        if ticket.before is None or ticket.last is None or ticket.state is State.BOOKED:
            return False
        limit = self._stage.options.policy.undo * _SECOND
        return self._context.clock.now() - ticket.last.at <= limit

    def _refused(self, request: Request, illegal: Illegal) -> Exception:
        return refusal(illegal, self._kit.reader(request).language)


def _queue(request: Request) -> str:
    return str(request.path_params["queue"])


def _back(request: Request) -> str:
    """To the lanes, or to the one lane that the page showed."""
    one = request.query_params.get("queue", "")
    return f"{HERE}?queue={one}" if one.replace("-", "").isalnum() else HERE
