"""`/events`: what happened."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.render import Renderer
from gateway.console.pages.newest import newest
from gateway.console.pages.query import number
from gateway.model import DeviceEvent
from gateway.room import Permission, access
from gateway.web import GatewayView, seen
from gateway.web.point import point_name

_PAGE = 50


class Log:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_EVENTS)
    async def events(self, request: Request) -> Response:
        """A page of the log, newest first; `before` goes back."""
        store = self._view.store
        device = request.query_params.get("device") or None
        before = number(request.query_params.get("before"))
        found = await newest(
            store,
            before=before or store.last_seq + 1,
            count=_PAGE,
            device=device,
            wanted=seen(self._view, request).sees,
        )
        events = found.events
        return self._renderer.page(
            request,
            "events.html",
            events=events,
            device=device or "",
            names=self._names(request, events),
            before=before,
            older=events[-1].seq if len(events) == _PAGE else None,
            last_seq=store.last_seq,
        )

    def _names(self, request: Request, events: list[DeviceEvent]) -> dict[tuple[str, str], str]:
        reader = self._renderer.reader(request)
        registry = self._view.registry
        keys = {(event.source.device, event.code.code) for event in events}
        return {
            (device, code): reader.text(point_name(registry.get(device), code))
            for device, code in keys
        }
