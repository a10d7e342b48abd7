"""`/kiosk`: a patient checks in. One action a screen; it never shows another patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import PageKit, Permission, RoomContext, access, principal
from queue_display.arrivals import NOT_A_CARD, Arrival, NotFound, Reception
from queue_display.desk import QueueDesk
from queue_display.machine import Illegal
from queue_display.terms import Words, text
from queue_display.ticket import Ticket


class Kiosk:
    """Of one check-in place; it answers with numbers and ways, never with a name."""

    def __init__(
        self, kit: PageKit, context: RoomContext, desk: QueueDesk, reception: Reception
    ) -> None:
        self._kit, self._context = kit, context
        self._desk, self._reception = desk, reception

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/kiosk", self.start, methods=["GET"]),
            Route("/kiosk", self.check_in, methods=["POST"]),
        ]

    @access(Permission.CHECK_IN)
    async def start(self, request: Request) -> Response:
        return self._page(request)

    @access(Permission.CHECK_IN)
    async def check_in(self, request: Request) -> Response:
        """What was scanned or typed; whoever isn't found is told where to go."""
        given = await self._kit.form(request)
        try:
            arrival = await self._found(given)
            tickets = await self._desk.check_in(
                principal(request), arrival.stops, arrival.patient, proxy=bool(given.get("proxy"))
            )
        except NotFound as unknown:
            return self._page(request, unknown.text, given)
        except Illegal as illegal:
            return self._page(request, illegal.text, given)
        scene = await self._desk.scene()
        language = self._kit.reader(request).language
        stops = [
            {
                "label": each.label,
                "queue": text(lane.options.name, language),
                "place": text(lane.options.place, language),
                "ahead": self._ahead(each, [e.ticket.id for e in lane.waiting]),
            }
            for each in tickets
            if (lane := scene.lane_of(each)) is not None
        ]
        return self._kit.page(request, "queue/kiosk-done.html", stops=stops, elder=_elder(request))

    async def _found(self, given: Mapping[str, str]) -> Arrival:
        now = self._context.clock.now()
        if given.get("name") or given.get("born"):
            return await self._reception.born(given.get("name", ""), given.get("born", ""), now)
        code = given.get("code", "")
        if not code.strip():
            raise NotFound(NOT_A_CARD)
        return await self._reception.scanned(code, now)

    def _ahead(self, ticket: Ticket, waiting: list[str]) -> int | None:
        """How many come before; None while an earlier stop has to be made."""
        return waiting.index(ticket.id) if ticket.id in waiting else None

    def _page(
        self,
        request: Request,
        fault: Words | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        return self._kit.page(
            request,
            "queue/kiosk.html",
            status=200 if fault is None else 422,
            fault=fault,
            by_name=request.query_params.get("by") == "name" and self._reception.by_birth_date,
            may_name=self._reception.by_birth_date,
            proxy=bool((given or {}).get("proxy")) or request.query_params.get("proxy") == "yes",
            elder=_elder(request),
        )


def _elder(request: Request) -> bool:
    """The mode of large type (适老化)."""
    return request.query_params.get("large") == "yes"
