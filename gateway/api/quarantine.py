"""`GET /quarantine`: what nobody could interpret yet, and why."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.api.item import quarantine_item
from gateway.model import QuarantineReason
from gateway.room import Permission, access, principal
from gateway.room.document import Body
from gateway.room.route import MOST, PREFIX, DeviceFilter, Limit, route
from gateway.supervisor import Selection as Wanted
from gateway.web import GatewayView, json_response, seen
from gateway.web.refusal import check_cursor


class Selection(Body):
    """Which open entries are read again; empty means all."""

    device: str | None = None
    reason: QuarantineReason | None = None


class Quarantine:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        again = f"{PREFIX}/quarantine/interpret"
        return [
            route(f"{PREFIX}/quarantine", self.quarantine, document.Quarantine, refusals=(410,)),
            route(again, self.interpret, dict[str, Any], method="POST"),
        ]

    @access(Permission.READ_QUARANTINE)
    async def quarantine(
        self,
        request: Request,
        *,
        after: Annotated[int, Query(ge=0, le=MOST, description="the last id already seen")] = 0,
        limit: Limit = 100,
        device: DeviceFilter = None,
        reason: QuarantineReason | None = None,
        open: Annotated[bool, Query(description="only what still waits")] = False,  # noqa: A002 - a query parameter
    ) -> Response:
        """The work list, oldest first; each entry leads to its bytes by `raw_id`.

        Ids are in the sequence of events. 410: the log does not go as far as that id.
        """
        check_cursor(after, self._view.store.last_seq)
        entries = await seen(self._view, request).store.quarantine(
            after=after, limit=limit, device=device, reason=reason, open_only=open
        )
        more = entries[-1].id if len(entries) == limit else None
        items = [quarantine_item(entry) for entry in entries]
        return json_response({"items": items, "next": more})

    @access(Permission.RESOLVE_QUARANTINE)
    async def interpret(self, request: Request, body: Selection) -> Response:
        """Read open entries again by the profiles as they stand now.

        What gives events is resolved; what was known already stays one.
        """
        wanted = Wanted(device=body.device, reason=body.reason)
        report = await self._view.interpret_again(wanted, principal(request).id)
        return json_response(report)
