"""`GET /mappings`: what people of the site say that codes, units and senders mean."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.mapping import Kept, Mappings, fragments
from gateway.mapping.mapping import payload_of
from gateway.room import Permission, access
from gateway.room.route import PREFIX, route
from gateway.web import GatewayView, json_response, rfc3339


class MappingList:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [route(f"{PREFIX}/mappings", self.mappings, document.Mappings)]

    @access(Permission.READ_QUARANTINE)
    async def mappings(self) -> Response:
        """Every mapping in force, and under `fragments` the same as profiles would say it."""
        kept = self._view.subscriber(Mappings).overlay.kept
        return json_response(
            {"items": [_item(each) for each in kept], "fragments": fragments(kept)}
        )


def _item(kept: Kept) -> dict[str, Any]:
    said = payload_of(kept.mapping)
    return {**said, "actor": kept.actor, "set_at": rfc3339(kept.at), "seq": kept.seq}
