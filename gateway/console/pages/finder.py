"""`POST /find`: what rooms know by a few letters, for the palette."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.render import Renderer
from gateway.room import Access, access, principal
from gateway.web import GatewayView, json_response

_MOST = 20
_SHORTEST = 2


class Finder:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Access.SIGNED_IN)
    async def find(self, request: Request) -> Response:
        """The letters come in the body: a name must not stand in an address."""
        text = (await self._renderer.form(request)).get("text", "").strip()
        hits = await self._view.find(principal(request), text) if len(text) >= _SHORTEST else ()
        return json_response(
            [{"label": hit.label, "path": hit.path, "note": hit.note} for hit in hits[:_MOST]]
        )
