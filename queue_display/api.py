"""The queue over HTTP, for systems: `/api/v1/queue`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.room import Permission, RoomContext, access, principal
from gateway.room.route import PREFIX, answer, route
from gateway.web import rfc3339
from queue_display.arrivals import NotFound, Reception
from queue_display.desk import QueueDesk
from queue_display.document import (
    Arrival,
    EntryItem,
    Following,
    LaneItem,
    LaneList,
    TicketItem,
    TicketList,
)
from queue_display.machine import Illegal
from queue_display.scene import Entry, Lane
from queue_display.step import Step
from queue_display.terms import Verb
from queue_display.ticket import Ticket
from queue_display.told import refusal, unknown_ticket

_PATH = f"{PREFIX}/queue"
_NOTHING = Step()
_WHOEVER = Following()
_Verb = Annotated[str, Path(json_schema_extra={"enum": list(Verb)})]


class QueueApi:
    """Answers name tickets and appointments; whose they are says the patients' API."""

    def __init__(self, context: RoomContext, desk: QueueDesk, reception: Reception) -> None:
        self._context, self._desk, self._reception = context, desk, reception

    def routes(self) -> Iterable[BaseRoute]:
        post = "POST"
        return [
            route(_PATH, self.lanes, LaneList),
            route(f"{_PATH}/check-in", self.check_in, TicketList, method=post, refusals=(409,)),
            route(
                f"{_PATH}/of/{{queue}}/next", self.next, TicketItem, method=post, refusals=(409,)
            ),
            route(
                f"{_PATH}/tickets/{{ticket}}/{{verb}}",
                self.take,
                TicketItem,
                method=post,
                refusals=(404, 409),
            ),
        ]

    @access(Permission.CALL_PATIENTS)
    async def lanes(self, request: Request) -> Response:
        """Every queue in the order of calling, each place explained."""
        scene = await self._desk.scene(principal(request))
        return answer(LaneList(queues=[_lane_item(each) for each in scene.lanes.values()]))

    @access(Permission.CHECK_IN)
    async def check_in(self, request: Request, body: Arrival) -> Response:
        """Check a patient in: the tickets of today's appointments."""
        known = (body.number, body.issuer)
        try:
            arrival = await self._reception.known(known, self._context.clock.now())
            tickets = await self._desk.check_in(
                principal(request), arrival.stops, arrival.patient, proxy=body.proxy
            )
        except NotFound as unknown:
            raise refusal(Illegal(unknown.text)) from unknown
        except Illegal as illegal:
            raise refusal(illegal) from illegal
        return answer(TicketList(tickets=[_ticket_item(each) for each in tickets]))

    @access(Permission.CALL_PATIENTS)
    async def next(self, request: Request, queue: str, body: Following = _WHOEVER) -> Response:
        """Call the first who may be called."""
        try:
            ticket = await self._desk.call_next(principal(request), queue, body.ticket)
        except Illegal as illegal:
            raise refusal(illegal) from illegal
        return answer(_ticket_item(ticket))

    @access(Permission.CALL_PATIENTS)
    async def take(
        self, request: Request, ticket: str, verb: _Verb, body: Step = _NOTHING
    ) -> Response:
        """A step of a ticket."""
        if verb not in set(Verb):
            raise unknown_ticket()
        wanted = Verb(verb)
        try:
            after = await self._desk.take(principal(request), ticket, wanted, **body.facts(wanted))
        except Illegal as illegal:
            raise refusal(illegal) from illegal
        return answer(_ticket_item(after))


def _lane_item(lane: Lane) -> LaneItem:
    following = lane.next
    return LaneItem(
        queue=lane.id,
        name=lane.options.name,
        stopped=rfc3339(lane.stand.stopped) if lane.stand.stopped is not None else None,
        blocked=[dict(each) for each in lane.blocked],
        next=following.ticket.id if following is not None else None,
        running=[_entry_item(each) for each in lane.running],
        waiting=[_entry_item(each) for each in lane.waiting],
        aside=[_entry_item(each) for each in lane.aside],
        booked=len(lane.booked),
        ended=len(lane.ended),
    )


def _entry_item(entry: Entry) -> EntryItem:
    ranked = entry.ranked
    return EntryItem(
        **_ticket_item(entry.ticket).model_dump(),
        gates=[dict(each) for each in entry.gates],
        place=ranked.place if ranked is not None else None,
        why=[dict(reason.text) for reason in ranked.why] if ranked is not None else [],
        ahead_because=dict(ranked.ahead) or None if ranked is not None else None,
    )


def _ticket_item(ticket: Ticket) -> TicketItem:
    return TicketItem(
        ticket=ticket.id,
        label=ticket.label,
        queue=ticket.queue,
        state=ticket.state,
        since=rfc3339(ticket.since),
        appointment=ticket.appointment,
        calls=ticket.calls,
        marks=sorted(ticket.marks),
        priority=ticket.priority,
    )
