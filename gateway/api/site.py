"""`GET /site`: whose gateway this is, and in which zone its people read the clock."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.api.item import both
from gateway.room import Permission, access
from gateway.room.route import PREFIX, route
from gateway.web import GatewayView, json_response


class Site:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [route(f"{PREFIX}/site", self.site, document.Site)]

    @access(Permission.READ_SITE)
    async def site(self) -> Response:
        """The site and the version of its gateway; `time_zone` is an IANA name."""
        site = self._view.site
        return json_response(
            {
                "id": site.id,
                "name": both(site.name),
                "time_zone": site.zone,
                "locale": site.locale,
                "version": self._view.version,
            }
        )
