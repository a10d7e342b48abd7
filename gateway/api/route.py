"""How this API writes down a route: documented, in JSON, with its refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from fastapi import Query
from fastapi.routing import APIRoute
from starlette.responses import Response

from gateway.api.document import ProblemDetails
from gateway.web.refusal import PROBLEM

PREFIX = "/api/v1"

After: TypeAlias = Annotated[int, Query(ge=0, description="the last seq already seen")]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=1000, description="rows at most")]
DeviceFilter: TypeAlias = Annotated[str | None, Query(description="only this device")]


def route(
    path: str,
    endpoint: Callable[..., Any],
    document: Any,
    *,
    method: str = "GET",
    refusals: tuple[int, ...] = (),
) -> APIRoute:
    """A route whose endpoint returns a finished Response shaped as `document`."""
    return APIRoute(
        path,
        endpoint,
        methods=[method],
        response_class=Response,
        responses={
            200: {"model": document},
            **{status: _refusal() for status in (422, 503, *refusals)},
        },
    )


def _refusal() -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {"description": "Refused", "content": {PROBLEM: {"schema": schema}}}
