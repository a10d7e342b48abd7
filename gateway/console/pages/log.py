"""`/events`: what happened, and `/events/{seq}`: one event, what it came from, what followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.render import Renderer
from gateway.console.pages.chain import chain
from gateway.console.pages.newest import Filters, newest
from gateway.console.pages.told import Told, told
from gateway.console.pages.when import entered, seq_at
from gateway.console.text.reader import Reader
from gateway.model import DeviceEvent, Instant, Kind
from gateway.room import Permission, access, texts
from gateway.web import GatewayView, Refusal, SeenView, seen
from gateway.web.number import number

_PAGE = 50
_REACH = 20_000
"""How many events one page of a search looks at."""

_EXPORTED = 10_000

_HEAD = texts(
    "No.", "Received", "Observed", "Device", "Kind", "Code", "What", "Value", "Unit", "Quality",
    "Status", "Message",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Search:
    """What the address asks of the log. `wrong` names times that could not be read."""

    device: str = ""
    kind: str = ""
    code: str = ""
    text: str = ""
    since: Instant | None = None
    until: Instant | None = None
    wrong: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, request: Request, reader: Reader) -> Search:
        query = request.query_params
        times = {name: query.get(name, "").strip() for name in ("from", "to")}
        read = {name: entered(text, reader.zone) for name, text in times.items()}
        kind = query.get("kind", "")
        return cls(
            query.get("device", "").strip(),
            kind if kind in list(Kind) else "",
            query.get("code", "").strip(),
            query.get("q", "").strip()[:200],
            read["from"],
            read["to"],
            frozenset(name for name, text in times.items() if text and read[name] is None),
        )

    @property
    def narrow(self) -> bool:
        """Whether anything is left out."""
        return self != Search(wrong=self.wrong)

    def filters(self, view: SeenView) -> Filters:
        """What is wanted of what `view` shows."""
        return Filters(
            self.device or None,
            frozenset({Kind(self.kind)}) if self.kind else frozenset(),
            self.code or None,
            lambda event: view.sees(event) and self._has_text(event),
        )

    def _has_text(self, event: DeviceEvent) -> bool:
        if not self.text:
            return True
        folded = _words_of(event).casefold()
        return all(word in folded for word in self.text.casefold().split())


class Log:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_EVENTS)
    async def events(self, request: Request) -> Response:
        """A page of the log, newest first; `before` goes back, `format=csv` gives a file."""
        reader = self._renderer.reader(request)
        search = Search.of(request, reader)
        before = number(request.query_params.get("before"))
        store = self._view.store
        start = before or store.last_seq + 1
        if search.until is not None:
            start = min(start, await seq_at(store, search.until) + 1)
        lowest = await seq_at(store, search.since) if search.since is not None else 0
        if request.query_params.get("format") == "csv":
            return await self._csv(request, search, start, lowest)
        found = await newest(
            store,
            before=start,
            count=_PAGE,
            filters=search.filters(seen(self._view, request)),
            reach=_REACH,
            lowest=lowest,
        )
        full = len(found.events) == _PAGE
        return self._renderer.page(
            request,
            "events.html",
            search=search,
            asked=dict(request.query_params),
            rows=[told(event, self._view, reader) for event in found.events],
            kinds=list(Kind),
            before=before,
            older=found.events[-1].seq if full else None,
            further=found.reached + 1 if not full and found.reached > lowest else None,
            searched=_REACH,
        )

    @access(Permission.READ_EVENTS)
    async def event(self, request: Request) -> Response:
        """One event whole: its facts, its bytes, what caused it and what it caused."""
        seq = number(request.path_params["seq"])
        event = await self._view.store.event(seq) if seq else None
        view = seen(self._view, request)
        if event is None or not view.sees(event):
            raise unknown_event(seq)
        reader = self._renderer.reader(request)
        steps = await chain(event, self._view.store, view, reader)
        payload = (
            orjson.dumps(dict(event.payload), option=orjson.OPT_INDENT_2, default=str)
            if (event.payload)
            else b""
        )
        return self._renderer.page(
            request,
            "event.html",
            each=told(event, self._view, reader),
            steps=steps if len(steps) > 1 else (),
            payload=payload.decode(),
        )

    async def _csv(self, request: Request, search: Search, start: int, lowest: int) -> Response:
        found = await newest(
            self._view.store,
            before=start,
            count=_EXPORTED,
            filters=search.filters(seen(self._view, request)),
            lowest=lowest,
        )
        reader = self._renderer.reader(request)
        rows = [_cells(told(event, self._view, reader), reader) for event in found.events]
        return self._renderer.csv(request, "events", _HEAD, rows)


def _cells(row: Told, reader: Reader) -> Sequence[object]:
    event = row.event
    return (
        event.seq,
        reader.exact(event.received_at),
        reader.exact(event.observed_at),
        event.source.device,
        event.kind.value,
        event.code.code,
        row.what,
        row.value,
        event.unit,
        event.quality.value,
        event.status.value,
        event.raw_id or "",
    )


def _words_of(event: DeviceEvent) -> str:
    """Everything of an event that people may remember of it."""
    value, subject = event.value, event.subject
    parts = [event.source.device, event.code.code, event.kind, event.unit, event.actor]
    if value is not None:
        parts += [value.text, value.code.code if value.code else ""]
    if subject is not None:
        parts += [subject.patient, subject.specimen, subject.order, subject.session]
    parts += [str(each) for each in (event.payload or {}).values() if isinstance(each, str)]
    return " ".join(parts)


def unknown_event(seq: int) -> Refusal:
    return Refusal(
        404,
        "Unknown event",
        "The log has no event {seq}.",
        "It was never stored, or its segment was dropped when its retention ended.",
        seq=seq,
    )
