"""The queue over HTTP, for systems: `/api/v1/queue`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import Permission, RoomContext, access, principal
from gateway.web import Refusal, json_response, rfc3339
from queue_display.arrivals import NotFound, Reception
from queue_display.desk import QueueDesk
from queue_display.machine import Illegal
from queue_display.scene import Entry, Lane
from queue_display.terms import Verb
from queue_display.ticket import Ticket
from queue_display.ticket_page import facts
from queue_display.told import refusal, unknown_ticket

PREFIX = "/api/v1/queue"


class QueueApi:
    """Answers name tickets and appointments; whose they are says the patients' API."""

    def __init__(self, context: RoomContext, desk: QueueDesk, reception: Reception) -> None:
        self._context, self._desk, self._reception = context, desk, reception

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route(PREFIX, self.lanes, methods=["GET"]),
            Route(f"{PREFIX}/check-in", self.check_in, methods=["POST"]),
            Route(f"{PREFIX}/of/{{queue}}/next", self.next, methods=["POST"]),
            Route(f"{PREFIX}/tickets/{{ticket}}/{{verb}}", self.take, methods=["POST"]),
        ]

    @access(Permission.CALL_PATIENTS)
    async def lanes(self, request: Request) -> Response:
        """Every queue in the order of calling, each place explained."""
        scene = await self._desk.scene(principal(request))
        return json_response({"queues": [_lane_item(each) for each in scene.lanes.values()]})

    @access(Permission.CHECK_IN)
    async def check_in(self, request: Request) -> Response:
        """`{"number", "issuer", "proxy"}`: the tickets of today's appointments."""
        said = await _body(request)
        number, issuer = said.get("number"), said.get("issuer")
        if not (isinstance(number, str) and isinstance(issuer, str) and number and issuer):
            raise Refusal(
                422,
                "Bad request",
                "A number and its issuer are needed: {names}.",
                "Send a patient's number and who gave it out.",
                names="number, issuer",
            )
        try:
            arrival = await self._reception.known((number, issuer), self._context.clock.now())
            tickets = await self._desk.check_in(
                principal(request), arrival.stops, arrival.patient, proxy=bool(said.get("proxy"))
            )
        except NotFound as unknown:
            raise refusal(Illegal(unknown.text)) from unknown
        except Illegal as illegal:
            raise refusal(illegal) from illegal
        return json_response({"tickets": [_ticket_item(each) for each in tickets]})

    @access(Permission.CALL_PATIENTS)
    async def next(self, request: Request) -> Response:
        """Call the first who may be called."""
        queue = str(request.path_params["queue"])
        try:
            ticket = await self._desk.call_next(principal(request), queue)
        except Illegal as illegal:
            raise refusal(illegal) from illegal
        return json_response(_ticket_item(ticket))

    @access(Permission.CALL_PATIENTS)
    async def take(self, request: Request) -> Response:
        """A step; `reason`, `to`, `before`, `priority` and `mark-…` as it needs them."""
        said = await _body(request)
        try:
            verb = Verb(request.path_params["verb"])
        except ValueError:
            raise unknown_ticket() from None
        given = {key: each for key, each in said.items() if isinstance(each, str)}
        id_ = str(request.path_params["ticket"])
        try:
            ticket = await self._desk.take(principal(request), id_, verb, **facts(verb, given))
        except Illegal as illegal:
            raise refusal(illegal) from illegal
        return json_response(_ticket_item(ticket))


async def _body(request: Request) -> Mapping[str, Any]:
    """The object in a request's body; an empty body is an empty one."""
    body = await request.body()
    try:
        said = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise Refusal(
            422,
            "Bad request",
            "The body is no JSON object.",
            "Send an object, or nothing.",
        )
    return said


def _lane_item(lane: Lane) -> dict[str, Any]:
    following = lane.next
    return {
        "queue": lane.id,
        "name": lane.options.name,
        "stopped": rfc3339(lane.stand.stopped) if lane.stand.stopped is not None else None,
        "blocked": list(lane.blocked),
        "next": following.ticket.id if following is not None else None,
        "running": [_entry_item(each) for each in lane.running],
        "waiting": [_entry_item(each) for each in lane.waiting],
        "aside": [_entry_item(each) for each in lane.aside],
        "booked": len(lane.booked),
        "ended": len(lane.ended),
    }


def _entry_item(entry: Entry) -> dict[str, Any]:
    ranked = entry.ranked
    return {
        **_ticket_item(entry.ticket),
        "gates": list(entry.gates),
        "place": ranked.place if ranked is not None else None,
        "why": [reason.text for reason in ranked.why] if ranked is not None else [],
        "ahead_because": ranked.ahead or None if ranked is not None else None,
    }


def _ticket_item(ticket: Ticket) -> dict[str, Any]:
    return {
        "ticket": ticket.id,
        "label": ticket.label,
        "queue": ticket.queue,
        "state": ticket.state.value,
        "since": rfc3339(ticket.since),
        "appointment": ticket.appointment,
        "calls": ticket.calls,
        "marks": sorted(ticket.marks),
        "priority": ticket.priority,
    }
