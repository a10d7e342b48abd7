"""`/devices/{id}`: one device, its values, its line."""

from __future__ import annotations

from collections.abc import Sequence

import yaml
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit import spark
from gateway.console.kit.dump import preview
from gateway.console.kit.render import Renderer
from gateway.console.pages.shown import Card, Tile, card
from gateway.console.pages.trend import chart, span
from gateway.console.quarantine.mapping_page import Row, mapping_row
from gateway.console.text.reader import Reader
from gateway.driver import DeviceEntry
from gateway.mapping import Mappings
from gateway.registry import DeviceStatus
from gateway.room import Chart, Permission, access, principal
from gateway.web import GatewayView, seen

_RECENT = 12


class Device:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_SITE)
    async def page(self, request: Request) -> Response:
        """`trend` names the value whose last day is drawn; else the profile's main one."""
        device = request.path_params["device"]
        view = seen(self._view, request)
        status, store = view.device(device), view.store
        may_see_bytes = principal(request).may(Permission.READ_WIRE)
        reader = self._renderer.reader(request)
        shown = card(status, store.latest(device), reader)
        drawn = _drawn(shown, request.query_params.get("trend", ""))
        return self._renderer.page(
            request,
            "device.html",
            card=shown,
            drawn=drawn,
            chart=await self._chart(status, drawn, reader) if drawn is not None else None,
            sharing=sum(each.entry.link == status.entry.link for each in view.registry),
            link=next((each for each in self._view.links() if each.id == status.entry.link), None),
            records=await store.records(device=device, limit=_RECENT) if may_see_bytes else (),
            options=_written(status.entry),
            mappings=self._mappings(status.entry, reader),
            preview=preview,
        )

    async def _chart(self, status: DeviceStatus, tile: Tile, reader: Reader) -> Chart | None:
        day = span(reader.now)
        rows = await self._view.store.rollup(status.entry.id, tile.code, *day, "5m")
        return chart(status, tile.code, rows, day, reader) if rows else None

    def _mappings(self, entry: DeviceEntry, reader: Reader) -> Sequence[Row]:
        kept = self._view.subscriber(Mappings).overlay.of(entry)
        return [mapping_row(each, self._view, reader) for each in kept]


def _drawn(shown: Card, code: str) -> Tile | None:
    """The value to draw: the one asked for, else the first main one that is a number."""
    asked = next((tile for tile in shown.tiles if tile.code == code), None)
    return asked or next((tile for tile in shown.front if spark.is_number(tile.text)), None)


def _written(entry: DeviceEntry) -> str:
    """What devices.yaml says of the device, defaults too; a secret is a row of stars."""
    options = {
        "link": entry.link,
        "profile": entry.profile.profile,
        "interval": entry.interval,
        "zone": entry.zone,
        **entry.options.model_dump(mode="json"),
    }
    return yaml.safe_dump(options, allow_unicode=True, sort_keys=False)
