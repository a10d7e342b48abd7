"""`/devices/{id}`: one device, its values, its line."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.dump import preview
from gateway.console.kit.render import Renderer
from gateway.console.pages.shown import card
from gateway.room import Permission, access
from gateway.web import GatewayView
from gateway.web.refusal import unknown_device

_RECENT = 12


class Device:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_SITE)
    async def page(self, request: Request) -> Response:
        device = request.path_params["device"]
        status = self._view.registry.get(device)
        if status is None:
            raise unknown_device(device)
        store = self._view.store
        reader = self._renderer.reader(request)
        return self._renderer.page(
            request,
            "device.html",
            card=card(status, store.latest(device), reader),
            sharing=sum(each.entry.link == status.entry.link for each in self._view.registry),
            link=next((each for each in self._view.links() if each.id == status.entry.link), None),
            records=await store.records(device=device, limit=_RECENT),
            preview=preview,
        )
