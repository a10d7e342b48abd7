"""`/messages`: bytes as they crossed the wire, and what they were taken to mean."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit import dump
from gateway.console.kit.anatomy import piece_by_piece
from gateway.console.kit.render import Renderer
from gateway.lab import LabDesk, Result
from gateway.model import DeviceEvent, RawId, WireRecord
from gateway.room import Permission, about, access
from gateway.web import GatewayView, seen
from gateway.web.number import number
from gateway.web.point import point_name
from gateway.web.refusal import unknown_message

_PAGE = 50


class Wire:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_WIRE)
    async def messages(self, request: Request) -> Response:
        query = request.query_params
        before = number(query.get("before"))
        records = await seen(self._view, request).store.records(
            link=query.get("link") or None,
            device=query.get("device") or None,
            before=RawId(before) if before else None,
            limit=_PAGE,
        )
        return self._renderer.page(
            request,
            "messages.html",
            records=records,
            link=query.get("link", ""),
            device=query.get("device", ""),
            before=before,
            older=records[-1].raw_id if len(records) == _PAGE else None,
            preview=dump.preview,
        )

    @access(Permission.READ_WIRE)
    async def message(self, request: Request) -> Response:
        raw_id = number(request.path_params["raw_id"])
        view = seen(self._view, request)
        record = await view.store.record(RawId(raw_id)) if raw_id else None
        if record is None:
            raise unknown_message(raw_id)
        about(request, raw=str(raw_id), device=record.device)
        results = await view.subscriber(LabDesk).of_record(record.raw_id)
        seq = number(request.query_params.get("seq"))
        found = await self._meaning(record, results, seq)
        events = [event for event in found if view.sees(event)]
        reader = self._renderer.reader(request)
        whole = await self._view.whole(record)
        pieces, more = piece_by_piece(whole, record.raw_id, reader) if whole else ((), False)
        status = self._view.registry.get(record.device)
        return self._renderer.page(
            request,
            "message.html",
            record=record,
            parts=self._view.explain(record),
            pieces=pieces,
            more_pieces=more,
            text=dump.as_text(record.data),
            events=events,
            first_said={each.event.id: each.repeats for each in results if each.repeats},
            names={e.code.code: reader.text(point_name(status, e.code.code)) for e in events},
            device_name=reader.text(status.entry.name) if status is not None else record.device,
        )

    async def _meaning(
        self, record: WireRecord, results: Sequence[Result], seq: int
    ) -> list[DeviceEvent]:
        """Events from these bytes: results, last values, and the one that the reader came from."""
        store = self._view.store
        asked = await store.events(after=seq - 1, limit=1) if seq else []
        latest = store.latest(record.device) if record.device else []
        events = [*(result.event for result in results), *asked, *latest]
        found = {event.id: event for event in events if event.raw_id == record.raw_id}
        return list(found.values())
