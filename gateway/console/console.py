"""The pages of one gateway, ready to be served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.console.device import Device
from gateway.console.laboratory import Laboratory
from gateway.console.log import Log
from gateway.console.overview import Overview
from gateway.console.quarantine import Quarantine
from gateway.console.render import Renderer
from gateway.console.trend import Trend
from gateway.console.wire import Wire
from gateway.room import Access, access
from gateway.web import GatewayView, Refusal

_STATIC = Path(__file__).parent / "static"


class Console:
    """Give `routes()` and `error_page` to `gateway.api.open_app`."""

    def __init__(self, view: GatewayView) -> None:
        self._view = view
        self._renderer = self.kit = Renderer(view)

    def routes(self) -> list[BaseRoute]:
        view, renderer = self._view, self._renderer
        wire, log, trend = Wire(view, renderer), Log(view, renderer), Trend(view, renderer)
        laboratory, quarantine = Laboratory(view, renderer), Quarantine(view, renderer)
        pages: list[tuple[str, Callable[[Request], Any]]] = [
            ("/", Overview(view, renderer).page),
            ("/devices/{device}", Device(view, renderer).page),
            ("/devices/{device}/trend/{code:path}", trend.page),
            ("/devices/{device}/spark/{code:path}", trend.spark),
            ("/messages", wire.messages),
            ("/messages/{raw_id}", wire.message),
            ("/events", log.events),
            ("/quarantine", quarantine.page),
            ("/results", laboratory.results),
            ("/samples/{owner}/{specimen:path}", laboratory.sample),
        ]
        static = access(Access.PUBLIC)(StaticFiles(directory=_STATIC))
        return [
            *(Route(path, page, methods=["GET"]) for path, page in pages),
            Route("/quarantine", quarantine.interpret, methods=["POST"]),
            Mount("/static", static, name="static"),
        ]

    def error_page(self, request: Request, refusal: Refusal) -> Response:
        """What, why and what now, as a page."""
        return self._renderer.page(request, "error.html", status=refusal.status, refusal=refusal)
