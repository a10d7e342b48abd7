"""`GET /messages`: the wire journal, newest first, and one record's bytes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.api.item import wire_item
from gateway.model import RawId
from gateway.room import Permission, about, access
from gateway.room.route import MOST, PREFIX, DeviceFilter, Limit, route
from gateway.web import GatewayView, json_response, seen
from gateway.web.refusal import unknown_message


class Messages:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        return [
            route(f"{PREFIX}/messages", self.messages, document.Messages),
            route(f"{PREFIX}/messages/{{raw_id}}", self.message, document.Message, refusals=(404,)),
        ]

    @access(Permission.READ_WIRE)
    async def messages(
        self,
        request: Request,
        link: Annotated[str | None, Query(description="only this link")] = None,
        device: DeviceFilter = None,
        before: Annotated[
            int | None, Query(ge=1, le=MOST, description="only older than this")
        ] = None,
        limit: Limit = 100,
    ) -> Response:
        """Wire records both ways, newest first."""
        records = await seen(self._view, request).store.records(
            link=link,
            device=device,
            before=None if before is None else RawId(before),
            limit=limit,
        )
        older = records[-1].raw_id if len(records) == limit else None
        return json_response({"items": [wire_item(record) for record in records], "next": older})

    @access(Permission.READ_WIRE)
    async def message(
        self, request: Request, raw_id: Annotated[int, Path(ge=1, le=MOST)]
    ) -> Response:
        """The bytes that an event came from."""
        record = await seen(self._view, request).store.record(RawId(raw_id))
        if record is None:
            raise unknown_message(raw_id)
        about(request, raw=str(raw_id), device=record.device)
        return json_response(wire_item(record))
