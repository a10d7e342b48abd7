"""What the command line asks of a running gateway through its Unix socket."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.room import Access, access
from gateway.room.route import PREFIX, route
from gateway.web import GatewayView, json_response


class Control:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [
            route(f"{PREFIX}/reload", self.reload, dict[str, Any], method="POST"),
        ]

    @access(Access.OWNER)
    async def reload(self) -> Response:
        """Take over devices.yaml as it stands; a wrong one changes nothing."""
        return json_response(await self._view.reload())
