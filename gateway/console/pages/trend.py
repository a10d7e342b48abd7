"""`/devices/{id}/trend/{code}`: how a value went in the last 24 hours."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit import spark
from gateway.console.kit.render import Renderer
from gateway.console.pages.shown import card
from gateway.console.text.reader import Reader
from gateway.model import Instant
from gateway.registry import DeviceStatus
from gateway.room import Chart, Line, Permission, Spot, access
from gateway.store import RollupRow
from gateway.web import GatewayView, seen
from gateway.web.point import point_name, point_of

_SECOND = 1_000_000
_FINE = 300 * _SECOND
_DAY = 86_400 * _SECOND


class Trend:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_SITE)
    async def spark(self, request: Request) -> Response:
        """A picture for a table row; the browser may keep it for a minute."""
        view = seen(self._view, request)
        status = view.device(request.path_params["device"])
        start, end = span(self._view.now())
        rows = await view.store.rollup(
            status.entry.id, request.path_params["code"], start, end, "5m"
        )
        svg = spark.spark(rows, start, end, 2 * _FINE)
        return Response(
            svg, headers={"cache-control": "private, max-age=60"}, media_type="image/svg+xml"
        )

    @access(Permission.READ_SITE)
    async def page(self, request: Request) -> Response:
        view = seen(self._view, request)
        status, code = view.device(request.path_params["device"]), request.path_params["code"]
        store, reader = view.store, self._renderer.reader(request)
        device = status.entry.id
        start, end = span(self._view.now())
        fine = await store.rollup(device, code, start, end, "5m")
        shown = card(status, store.latest(device), reader)
        name = reader.text(point_name(status, code))
        return self._renderer.page(
            request,
            "trend.html",
            card=shown,
            label=name,
            tile=next((tile for tile in shown.tiles if tile.code == code), None),
            digits=spark.decimals(fine) if fine else 0,
            chart=chart(status, code, fine, (start, end), reader) if fine else None,
            hours=list(reversed(await store.rollup(device, code, start, end, "1h"))),
        )


def span(end: Instant) -> tuple[Instant, Instant]:
    """The day that ended at an instant."""
    return Instant(end - _DAY), end


def chart(
    status: DeviceStatus,
    code: str,
    rows: Sequence[RollupRow],
    span: tuple[Instant, Instant],
    reader: Reader,
) -> Chart:
    """Means of five minutes with the band between their lowest and highest value."""
    point = point_of(status, code)
    name = reader.text(point_name(status, code))
    digits = spark.decimals(rows)
    spots = [
        Spot(
            Instant(row.start + _FINE // 2),
            round(row.mean, digits),
            round(row.low, digits),
            round(row.high, digits),
        )
        for row in rows
    ]
    return Chart(name, point.unit if point else "", *span, (Line(name, spots),), gap=2 * _FINE)
