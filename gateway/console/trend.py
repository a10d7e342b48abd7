"""`/devices/{id}/trend/{code}`: how a value went in the last 24 hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from gateway.console import spark
from gateway.console.render import Renderer
from gateway.console.shown import card
from gateway.model import Instant, from_datetime, to_datetime
from gateway.registry import DeviceStatus
from gateway.room import Permission, access
from gateway.web import GatewayView
from gateway.web.point import point_name
from gateway.web.refusal import unknown_device

_SECOND = 1_000_000
_FINE = 300 * _SECOND
_DAY = 86_400 * _SECOND
_MARK_HOURS = 4


class Trend:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer
        self._zone = ZoneInfo(view.site.zone)

    @access(Permission.READ_SITE)
    async def spark(self, request: Request) -> Response:
        """A picture for a table row; the browser may keep it for a minute."""
        status = self._status(request)
        start, end = self._span()
        rows = await self._view.store.rollup(
            status.entry.id, request.path_params["code"], start, end, "5m"
        )
        svg = spark.spark(rows, start, end, 2 * _FINE)
        return Response(
            svg, headers={"cache-control": "private, max-age=60"}, media_type="image/svg+xml"
        )

    @access(Permission.READ_SITE)
    async def page(self, request: Request) -> Response:
        status, code = self._status(request), request.path_params["code"]
        store, reader = self._view.store, self._renderer.reader(request)
        device = status.entry.id
        start, end = self._span()
        fine = await store.rollup(device, code, start, end, "5m")
        shown = card(status, store.latest(device), reader)
        name = reader.text(point_name(status, code))
        marks = list(_marks(start, end, self._zone))
        return self._renderer.page(
            request,
            "trend.html",
            card=shown,
            label=name,
            tile=next((tile for tile in shown.tiles if tile.code == code), None),
            digits=spark.decimals(fine) if fine else 0,
            chart=spark.chart(fine, (start, end), 2 * _FINE, marks, name) if fine else None,
            hours=list(reversed(await store.rollup(device, code, start, end, "1h"))),
        )

    def _status(self, request: Request) -> DeviceStatus:
        device = request.path_params["device"]
        status = self._view.registry.get(device)
        if status is None:
            raise unknown_device(device)
        return status

    def _span(self) -> tuple[Instant, Instant]:
        end = self._view.now()
        return Instant(end - _DAY), end


def _marks(start: Instant, end: Instant, zone: ZoneInfo) -> Iterator[tuple[Instant, str]]:
    """Every fourth full hour of the site's clock."""
    first = to_datetime(start).astimezone(zone).replace(minute=0, second=0, microsecond=0)
    hours = (first + timedelta(hours=n) for n in range(26))
    for hour in hours:
        instant = from_datetime(hour)
        if hour.hour % _MARK_HOURS == 0 and start <= instant <= end:
            yield instant, hour.strftime("%H:%M")
