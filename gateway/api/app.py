"""Puts the routes together into one guarded ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api import refuse, stream
from gateway.api.alarms import Alarms
from gateway.api.appointments import Appointments
from gateway.api.backups import Backups
from gateway.api.broadcast import Broadcast
from gateway.api.control import Control
from gateway.api.devices import Devices
from gateway.api.events import Events
from gateway.api.health import Health
from gateway.api.keys import Keys
from gateway.api.latest import Latest
from gateway.api.mappings import MappingList
from gateway.api.messages import Messages
from gateway.api.patients import Patients
from gateway.api.quarantine import Quarantine
from gateway.api.results import Results
from gateway.api.site import Site
from gateway.room import Access, access, is_endless, is_streamed, largest_body, rule_of
from gateway.room.document import ProblemDetails
from gateway.room.route import BEARER, PREFIX
from gateway.web import (
    BrowserHeaders,
    Door,
    Gate,
    GatewayView,
    Guard,
    Refusal,
    SocketGuard,
    json_response,
    problem,
)
from gateway.web.ways import Ways

Streams: TypeAlias = Sequence[Route]


class Application:
    """The ASGI application of a gateway. Serve it with `lifespan="off"`.

    Streams are served beside FastAPI: its layers would hold 4 kB for each of their clients. What
    only hands a request on returns what it calls: a coroutine of its own would be held as well.
    """

    def __init__(
        self, asgi: ASGIApp, pages: Sequence[BaseRoute], streams: Streams, broadcast: Broadcast
    ) -> None:
        self._asgi = asgi
        self._broadcast = broadcast
        self.routes = [*streams, *pages]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._asgi(scope, receive, send)

    @property
    def clients(self) -> int:
        """How many follow the live stream."""
        return self._broadcast.clients

    def end_streams(self) -> None:
        """End the live streams; call it before the server is told to stop."""
        self._broadcast.end_streams()


@asynccontextmanager
async def open_app(
    view: GatewayView,
    pages: Sequence[BaseRoute] = (),
    error_page: refuse.ErrorPage | None = None,
    *,
    gate: Gate,
    names: frozenset[str] = frozenset(),
) -> AsyncIterator[Application]:
    """The API over `view`, with further `pages`; streams are fed while the block runs.

    `error_page` answers refused requests that ask for HTML. `gate` knows the callers, `names` are
    those of this gateway. A route without an access rule is a ValueError.
    """
    broadcast = Broadcast(view)
    fastapi = _documented(view)
    routes = fastapi.router.routes
    endless = [each for each in pages if isinstance(each, Route) and is_endless(each)]
    rest = [each for each in pages if each not in endless]
    routes.extend([*_api_routes(view, broadcast), *rest, _openapi_route(fastapi)])
    streams = [*stream.routes(view, broadcast), *endless]
    _guard([*routes, *streams], gate)
    fastapi.state.ways = Ways(routes)
    refuse.install(fastapi, error_page)
    asgi = BrowserHeaders(Door(_Beside(streams, fastapi), gate, names))
    async with broadcast.running():
        yield Application(asgi, routes, streams, broadcast)


class _Beside:
    """Serves `streams`, and leaves everything else to `rest`."""

    def __init__(self, streams: Streams, rest: ASGIApp) -> None:
        self._streams = streams
        self._rest = rest

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        for route in self._streams:
            match, found = route.matches(scope)
            if match is not Match.NONE:
                scope.update(found)
                app = route.app if match is Match.FULL else route.handle
                return _streamed(app, scope, receive, send)
        return self._rest(scope, receive, send)


async def _streamed(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        await app(scope, receive, send)
    except Refusal as refusal:
        await problem(refusal, scope["path"])(scope, receive, send)


def _documented(view: GatewayView) -> FastAPI:
    return FastAPI(
        title="Isogate",
        version=view.version,
        description="Devices, events and the bytes that they came from.",
        openapi_url=None,
        redirect_slashes=False,
    )


def _api_routes(view: GatewayView, broadcast: Broadcast) -> list[BaseRoute]:
    return [
        *Latest(view).routes(),
        *Events(view).routes(),
        *Messages(view).routes(),
        *Site(view).routes(),
        *Devices(view).routes(),
        *Quarantine(view).routes(),
        *Results(view).routes(),
        *Alarms(view).routes(),
        *Patients(view).routes(),
        *Appointments(view).routes(),
        *MappingList(view).routes(),
        *Health(view, broadcast).routes(),
        *Control(view).routes(),
        *Backups(view).routes(),
        *Keys(view).routes(),
    ]


def _openapi_route(app: FastAPI) -> Route:
    @access(Access.SIGNED_IN)
    async def openapi(_request: Request) -> Response:
        document = app.openapi()
        document["components"]["securitySchemes"] = {BEARER: {"type": "http", "scheme": "bearer"}}
        schemas = document["components"]["schemas"]
        schemas.setdefault(ProblemDetails.__name__, ProblemDetails.model_json_schema())
        return json_response(document)

    return Route(f"{PREFIX}/openapi.json", openapi)


def _guard(routes: Iterable[BaseRoute], gate: Gate) -> None:
    for route in routes:
        rule = rule_of(route)
        if rule is not None and isinstance(route, WebSocketRoute):
            route.app = SocketGuard(route.app, rule, gate)
            continue
        if rule is None or not isinstance(route, Route | Mount):
            raise ValueError(f"{route!r} declares no access rule: mark its endpoint with @access")
        route.app = Guard(route.app, rule, gate, largest_body(route), streamed=is_streamed(route))
