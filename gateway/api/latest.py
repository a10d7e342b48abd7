"""`GET /latest`: the last value of every point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api.document import LatestValue
from gateway.api.item import latest_item
from gateway.driver import DeviceEntry
from gateway.model import DeviceEvent, Quality
from gateway.room import Permission, access
from gateway.room.route import PREFIX, DeviceFilter, route
from gateway.web import GatewayView, encode, seen
from gateway.web.quality import shown_quality

_Key: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Row:
    """A value as it was last sent, and what that depends on."""

    key: _Key
    event: DeviceEvent
    entry: DeviceEntry | None
    quality: Quality
    json: bytes

    def holds(self, event: DeviceEvent, entry: DeviceEntry | None, quality: Quality) -> bool:
        return self.event is event and self.entry is entry and self.quality is quality


class Latest:
    """Values are asked for more often than they change, so their JSON is kept."""

    def __init__(self, view: GatewayView) -> None:
        self._view = view
        self._rows: dict[_Key, _Row] = {}

    def routes(self) -> list[BaseRoute]:
        return [route(f"{PREFIX}/latest", self.latest, list[LatestValue], refusals=(404,))]

    @access(Permission.READ_SITE)
    async def latest(self, request: Request, device: DeviceFilter = None) -> Response:
        """Last values, stored or not; stale where the device does not answer."""
        view = seen(self._view, request)
        if device is not None:
            view.device(device)
        rows = [self._row(event) for event in view.store.latest(device)]
        body = b"".join((b"[", b",".join([row.json for row in rows]), b"]"))
        return Response(body, media_type="application/json")

    def _row(self, event: DeviceEvent) -> _Row:
        """The row of an event; that of the last request, if nothing that it says has changed."""
        status = self._view.registry.get(event.source.device)
        entry = status.entry if status is not None else None
        quality = shown_quality(event, status)
        key = (event.source.device, event.code.system, event.code.code)
        known = self._rows.get(key)
        if known is not None and known.holds(event, entry, quality):
            return known
        row = _Row(key, event, entry, quality, encode(latest_item(event, status)))
        self._rows[key] = row
        return row
