"""`GET /events`: the log, a page at a time, in order of seq."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.api.cloudevent import BATCH, cloudevent
from gateway.api.item import event_item
from gateway.model import DeviceEvent
from gateway.room import Permission, access
from gateway.room.route import PREFIX, After, DeviceFilter, Limit, route
from gateway.web import GatewayView, encode, json_response, seen
from gateway.web.refusal import check_cursor


class Events:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [route(f"{PREFIX}/events", self.events, document.Events, refusals=(404, 410))]

    @access(Permission.READ_EVENTS)
    async def events(
        self,
        request: Request,
        after: After = 0,
        limit: Limit = 100,
        device: DeviceFilter = None,
    ) -> Response:
        """Events after a seq; a poller passes `next` as `after` for ever and misses none.

        A page holds fewer than `limit` where some are not shown to who asks. 410: the log does not
        go as far as that seq, since a backup was restored or this is another gateway.
        """
        view = seen(self._view, request)
        check_cursor(after, view.store.last_seq)
        page = await self._view.store.events(after=after, limit=limit, device=device)
        if device and not (page and view.sees_device(device)):
            view.device(device)
        next_after = page[-1].seq if page else after
        events = [event for event in page if view.sees(event)]
        if BATCH in request.headers.get("accept", ""):
            return _batch(events, next_after)
        return json_response({"items": [event_item(event) for event in events], "next": next_after})


def _batch(events: Sequence[DeviceEvent], next_after: int) -> Response:
    link = f'<{PREFIX}/events?after={next_after}>; rel="next"'
    body = encode([cloudevent(event) for event in events])
    return Response(body, headers={"link": link}, media_type=BATCH)
