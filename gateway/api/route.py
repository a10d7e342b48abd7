"""How this API writes down a route: documented, in JSON, with its refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from fastapi import Query
from fastapi.routing import APIRoute
from starlette.responses import Response

from gateway.api.asked import asked
from gateway.api.document import ProblemDetails
from gateway.room import Access, declared
from gateway.web.refusal import PROBLEM

PREFIX = "/api/v1"
BEARER = "bearer"
"""The security scheme of a token, in the document."""

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
    refusals: tuple[int, ...] = (),
    media_type: str = "application/json",
) -> APIRoute:
    """A route whose endpoint returns a finished Response shaped as `document`.

    `refusals` are those of its own; what the guard and the door may answer follows from its rule.
    """
    closed = declared(endpoint) is not Access.PUBLIC
    statuses = (
        *(422, 429, 503),
        *((401, 403) if closed else ()),
        *((400, 413) if method == "POST" else ()),
        *refusals,
    )
    made = APIRoute(
        path,
        endpoint,
        methods=[method],
        response_class=Response,
        responses={
            200: {"content": {media_type: {"schema": {"type": "string"}}}}
            if document is str
            else {"model": document},
            **{status: _refusal() for status in sorted(statuses)},
        },
        openapi_extra={"security": [{BEARER: []}]} if closed else None,
    )
    made.app = asked(made) or made.app
    return made


def _refusal() -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {"description": "Refused", "content": {PROBLEM: {"schema": schema}}}
