"""`/devices/{id}`: one device, its values, its line."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.dump import preview
from gateway.console.kit.render import Renderer
from gateway.console.pages.shown import card
from gateway.room import Permission, access, principal
from gateway.web import GatewayView, seen

_RECENT = 12


class Device:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_SITE)
    async def page(self, request: Request) -> Response:
        device = request.path_params["device"]
        view = seen(self._view, request)
        status, store = view.device(device), view.store
        may_see_bytes = principal(request).may(Permission.READ_WIRE)
        reader = self._renderer.reader(request)
        return self._renderer.page(
            request,
            "device.html",
            card=card(status, store.latest(device), reader),
            sharing=sum(each.entry.link == status.entry.link for each in view.registry),
            link=next((each for each in self._view.links() if each.id == status.entry.link), None),
            records=await store.records(device=device, limit=_RECENT) if may_see_bytes else (),
            preview=preview,
        )
