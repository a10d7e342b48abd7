"""The pages of one gateway, ready to be served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.console import static_files
from gateway.console.kit.render import Renderer
from gateway.console.pages.device import Device
from gateway.console.pages.devices import Devices
from gateway.console.pages.finder import Finder
from gateway.console.pages.laboratory import Laboratory
from gateway.console.pages.log import Log
from gateway.console.pages.overview import Overview
from gateway.console.pages.trend import Trend
from gateway.console.pages.wire import Wire
from gateway.console.quarantine.mapping_page import MappingPages
from gateway.console.quarantine.worklist_page import Quarantine
from gateway.console.settings.pages import Settings
from gateway.web import GatewayView, Refusal


class Console:
    """Give `routes()` and `error_page` to `gateway.api.open_app`."""

    def __init__(self, view: GatewayView) -> None:
        self._view = view
        self._renderer = self.kit = Renderer(view)

    def routes(self) -> list[BaseRoute]:
        view, renderer = self._view, self._renderer
        wire, log, trend = Wire(view, renderer), Log(view, renderer), Trend(view, renderer)
        laboratory, quarantine = Laboratory(view, renderer), Quarantine(view, renderer)
        mapping, settings = MappingPages(view, renderer), Settings(view, renderer)
        pages: list[tuple[str, Callable[[Request], Any]]] = [
            ("/", Overview(view, renderer).page),
            ("/devices", Devices(view, renderer).page),
            ("/devices/{device}", Device(view, renderer).page),
            ("/devices/{device}/trend/{code:path}", trend.page),
            ("/devices/{device}/spark/{code:path}", trend.spark),
            ("/messages", wire.messages),
            ("/messages/{raw_id}", wire.message),
            ("/events", log.events),
            ("/events/{seq}", log.event),
            ("/quarantine", quarantine.page),
            ("/quarantine/map", mapping.form),
            ("/mappings", mapping.mappings),
            ("/settings", settings.about),
            ("/settings/configuration", settings.configuration),
            ("/results", laboratory.results),
            ("/samples/{owner}/{specimen:path}", laboratory.sample),
        ]
        acts: list[tuple[str, Callable[[Request], Any]]] = [
            ("/quarantine", quarantine.interpret),
            ("/quarantine/aside", quarantine.set_aside),
            ("/quarantine/map", mapping.submit),
            ("/mappings/withdraw", mapping.withdraw),
            ("/settings/configuration", settings.reload),
            ("/find", Finder(view, renderer).find),
        ]
        return [
            *(Route(path, page, methods=["GET"]) for path, page in pages),
            *(Route(path, act, methods=["POST"]) for path, act in acts),
            *static_files.routes(),
        ]

    def error_page(self, request: Request, refusal: Refusal) -> Response:
        """What, why and what now, as a page."""
        return self._renderer.page(request, "error.html", status=refusal.status, refusal=refusal)
