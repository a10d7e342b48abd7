"""`GET /devices` and `/links`: who is there and how they are."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.api.item import device_item
from gateway.room import Permission, access
from gateway.room.route import PREFIX, route
from gateway.web import GatewayView, json_response, rfc3339, seen


class Devices:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [
            route(f"{PREFIX}/devices", self.devices, list[document.Device]),
            route(f"{PREFIX}/devices/{{device}}", self.device, document.Device, refusals=(404,)),
            route(f"{PREFIX}/links", self.links, list[document.Link]),
        ]

    @access(Permission.READ_SITE)
    async def devices(self, request: Request) -> Response:
        """Every device of the site and its state."""
        return json_response([device_item(status) for status in seen(self._view, request).registry])

    @access(Permission.READ_SITE)
    async def device(self, request: Request, device: str) -> Response:
        """One device and its state."""
        return json_response(device_item(seen(self._view, request).device(device)))

    @access(Permission.READ_SITE)
    async def links(self, request: Request) -> Response:
        """Every link and its state."""
        return json_response(
            [
                {
                    "id": link.id,
                    "driver": link.driver,
                    "state": link.state,
                    "since": rfc3339(link.since),
                    "reason": link.reason,
                    "restarts": link.restarts,
                }
                for link in seen(self._view, request).links()
            ]
        )
