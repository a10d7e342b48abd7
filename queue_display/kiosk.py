"""`/kiosk`: a patient checks in. One action a screen; it never shows another patient."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway.model import localize
from gateway.room import PageKit, Permission, access, principal
from gateway.web.sse import respond
from queue_display.arrivals import NOT_A_CARD, Arrival, NotFound
from queue_display.machine import Illegal
from queue_display.parts import Parts
from queue_display.readers import CardReaders
from queue_display.scene import Entry
from queue_display.screens import ZONE
from queue_display.terms import State, Words
from queue_display.ticket import Ticket
from queue_display.told import no_reader


class Kiosk:
    """Of one check-in place; it answers with numbers and ways, never with a name."""

    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._context = kit, parts.context
        self._desk, self._reception, self._readers = parts.desk, parts.reception, parts.readers

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/kiosk", self.start, methods=["GET"]),
            Route("/kiosk", self.check_in, methods=["POST"]),
            Route("/kiosk/stream", KioskStream(self._readers), methods=["GET"]),
            Route("/kiosk/read/{answer}", self.read, methods=["GET"]),
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
        return await self._done(request, tickets)

    @access(Permission.CHECK_IN)
    async def read(self, request: Request) -> Response:
        """What a reader of this kiosk read, answered once; else the start."""
        answer = self._readers.take(_kiosk(request), str(request.path_params["answer"]))
        if answer is None:
            return RedirectResponse(f"/kiosk?{request.url.query}", 303)
        if answer.fault is not None:
            return self._page(request, answer.fault)
        return await self._done(request, answer.tickets)

    async def _done(self, request: Request, tickets: Sequence[Ticket]) -> Response:
        """The numbers and ways of whoever is checked in."""
        scene = await self._desk.scene(principal(request))
        language = self._kit.reader(request).language
        stops = [
            {
                "label": each.label,
                "queue": localize(lane.options.name, language),
                "place": localize(lane.options.place, language),
                "desk": _needs_desk(each, scene.entries.get(each.id)),
                "ahead": self._ahead(each, [e.ticket.id for e in lane.waiting]),
            }
            for each in tickets
            if (lane := scene.lane_of(each)) is not None
        ]
        return self._kit.page(
            request,
            "queue/kiosk-done.html",
            stops=stops,
            elder=_elder(request),
            stream=self._stream(request),
        )

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
            stream=self._stream(request),
        )

    def _stream(self, request: Request) -> str:
        """Where the page hears of readings; empty where the kiosk has no reader."""
        return "/kiosk/stream" if self._readers.has(_kiosk(request)) else ""


@access(Permission.CHECK_IN, endless=True)
class KioskStream:
    """Says to a kiosk's page that something was read, and nothing of it."""

    def __init__(self, readers: CardReaders) -> None:
        self._readers = readers

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        kiosk = _kiosk(Request(scope))
        if not self._readers.has(kiosk):
            raise no_reader()
        return respond(receive, send, self._readers.stream(kiosk))


def _kiosk(request: Request) -> str:
    """The kiosk that the caller's token is for; empty for any other."""
    return principal(request).scope.removeprefix(ZONE)


def _needs_desk(ticket: Ticket, entry: Entry | None) -> bool:
    """Whether nobody calls a ticket until the desk has done something about it."""
    aside = ticket.state in {State.SKIPPED, State.HELD}
    return aside or (entry is not None and bool(entry.astray))


def _elder(request: Request) -> bool:
    """The mode of large type (适老化)."""
    return request.query_params.get("large") == "yes"
