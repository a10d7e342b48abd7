"""How a route of the API is written down: documented, in JSON, with its refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from fastapi import Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response

from gateway.room.access import Access, declared
from gateway.room.asked import asked
from gateway.room.document import PROBLEM, ProblemDetails

PREFIX = "/api/v1"
BEARER = "bearer"
"""The security scheme of a token, in the document."""

EVENTS = "text/event-stream"
MOST = 2**63 - 1
"""The highest seq, raw id or id that can be asked for: what the store counts in."""

After: TypeAlias = Annotated[int, Query(ge=0, le=MOST, description="the last seq already seen")]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=1000, description="rows at most")]
DeviceFilter: TypeAlias = Annotated[str | None, Query(description="only this device")]


def route(
    path: str,
    endpoint: Callable[..., Any],
    document: Any,
    *,
    method: str = "GET",
    status: int = 200,
    refusals: tuple[int, ...] = (),
    media_type: str = "application/json",
    text: str = "",
) -> APIRoute:
    """A route whose endpoint returns a finished Response shaped as `document`.

    `refusals` are those of its own; what the guard and the door may answer follows from its rule.
    `media_type` is that of a `str`, or EVENTS whose data are documents; `text` is one in which the
    document can be asked for as well.
    """
    closed = declared(endpoint) is not Access.PUBLIC
    refused = (
        *(414, 422, 429, 431, 503),
        *((401, 403) if closed else ()),
        *((400, 408, 413) if method == "POST" else ()),
        *refusals,
    )
    made = APIRoute(
        path,
        endpoint,
        methods=[method],
        response_class=Response,
        status_code=status,
        strict_content_type=False,
        responses={
            status: _shape(document, media_type, text),
            **{each: _refusal() for each in sorted(refused)},
        },
        openapi_extra={"security": [{BEARER: []}]} if closed else None,
    )
    made.app = asked(made) or made.app
    return made


def answer(
    document: BaseModel | Sequence[BaseModel] | Mapping[str, object], status: int = 200
) -> Response:
    """An answer whose shape is what a route says of it; a float that JSON can't hold is null."""
    content = to_json(document, inf_nan_mode="null")
    return Response(content, status, media_type="application/json")


def _shape(document: Any, media_type: str, text: str) -> dict[str, Any]:
    if document is str:
        return _text(media_type)
    if media_type == EVENTS:
        return {"content": {EVENTS: {"itemSchema": _event(document.model_json_schema())}}}
    return {"model": document, **(_text(text) if text else {})}


def _event(data: Mapping[str, Any]) -> dict[str, Any]:
    """A server-sent event whose data is JSON."""
    in_json = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return {
        "type": "object",
        "properties": {"event": {"type": "string"}, "data": in_json},
        "required": ["event", "data"],
    }


def _text(media_type: str) -> dict[str, Any]:
    return {"content": {media_type: {"schema": {"type": "string"}}}}


def _refusal() -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {"description": "Refused", "content": {PROBLEM: {"schema": schema}}}
