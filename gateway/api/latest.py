"""`GET /latest`: the last value of every point."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api.document import LatestValue
from gateway.api.item import latest_item
from gateway.api.route import PREFIX, DeviceFilter, route
from gateway.web import Access, GatewayView, access, json_response
from gateway.web.refusal import unknown_device


class Latest:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [route(f"{PREFIX}/latest", self.latest, list[LatestValue], refusals=(404,))]

    @access(Access.LOOPBACK)
    async def latest(self, device: DeviceFilter = None) -> Response:
        """Last values, stored or not; stale where the device does not answer."""
        registry = self._view.registry
        if device is not None and registry.get(device) is None:
            raise unknown_device(device)
        events = self._view.store.latest(device)
        return json_response(
            [latest_item(event, registry.get(event.source.device)) for event in events]
        )
