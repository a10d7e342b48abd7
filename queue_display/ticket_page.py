"""`/queue/tickets/{ticket}`: one ticket, what may be done with it, and all that was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.model import Subject
from gateway.room import PageKit, Permission, RoomContext, about, access, principal
from queue_display.desk import QueueDesk
from queue_display.faces import Faces
from queue_display.machine import Illegal, possible
from queue_display.scene import Stage
from queue_display.step import Step
from queue_display.terms import Mark, Verb
from queue_display.told import refusal, unknown_ticket

PATH = "/queue/tickets/{ticket}"


class TicketPage:
    """A ticket's page; what is posted there goes back to the lanes."""

    def __init__(self, kit: PageKit, context: RoomContext, desk: QueueDesk, stage: Stage) -> None:
        self._kit, self._context, self._desk, self._stage = kit, context, desk, stage

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route(PATH, self.ticket, methods=["GET"]),
            Route(PATH + "/{verb}", self.take, methods=["POST"]),
        ]

    @access(Permission.CALL_PATIENTS)
    async def ticket(self, request: Request) -> Response:
        scene = await self._desk.scene(principal(request))
        entry = scene.entries.get(_id(request))
        if entry is None:
            raise unknown_ticket()
        ticket, reader = entry.ticket, self._kit.reader(request)
        if ticket.patient:
            about(request, subject=Subject(*ticket.patient))
        lane = scene.lane_of(ticket)
        return self._kit.page(
            request,
            "queue/ticket.html",
            entry=entry,
            ticket=ticket,
            lane=lane,
            others=[e for e in lane.waiting if e.ticket.id != ticket.id] if lane else [],
            twin=self._stage.options.queues.get(lane.options.twin or "") if lane else None,
            face=Faces(self._context.neighbours, principal(request), reader.language).face(entry),
            reasons=self._stage.ranking.reasons(ticket),
            steps=await self._stage.book.steps(ticket.id),
            possible=possible(ticket),
            policy=self._stage.options.policy,
            marks=tuple(Mark),
            clock=lambda instant: f"{self._stage.book.local(instant):%H:%M:%S}",
        )

    @access(Permission.CALL_PATIENTS)
    async def take(self, request: Request) -> Response:
        given = await self._kit.form(request)
        try:
            verb = Verb(request.path_params["verb"])
        except ValueError:
            raise unknown_ticket() from None
        try:
            after = await self._desk.take(
                principal(request), _id(request), verb, **_step(given).facts(verb)
            )
        except Illegal as illegal:
            raise refusal(illegal, self._kit.reader(request).language) from illegal
        one = request.query_params.get("queue", "")
        back = f"/queue?queue={one}" if one.replace("-", "").isalnum() else "/queue"
        label = after.label or "—"
        return self._kit.done(request, back, "%(label)s is changed.", label=label)


def _step(given: Mapping[str, str]) -> Step:
    """What a form says of a step."""
    return Step(
        reason=given.get("reason", ""),
        to=given.get("to", ""),
        before=given.get("before"),
        marks=frozenset(mark for mark in Mark if given.get(f"mark-{mark}")),
        priority=given.get("priority", ""),
    )


def _id(request: Request) -> str:
    return str(request.path_params["ticket"])
