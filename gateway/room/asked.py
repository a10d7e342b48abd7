"""Answers a documented route whose endpoint wants the request and simple query parameters.

FastAPI writes such a route down and finds it; solving its dependencies anew for each request would
cost more than most answers.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, get_args, get_origin, get_type_hints

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError, create_model
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_Endpoint = Callable[..., Awaitable[Response]]


class Asked:
    """An ASGI application; RequestValidationError where a parameter is not what it should be."""

    def __init__(self, endpoint: _Endpoint, query: type[BaseModel]) -> None:
        self._endpoint, self._query = endpoint, query
        self._names = tuple(query.model_fields)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        response = await self._endpoint(request, **self._read(request))
        await response(scope, receive, send)

    def _read(self, request: Request) -> dict[str, Any]:
        try:
            read = self._query.model_validate(dict(request.query_params))
        except ValidationError as error:
            faults = error.errors(include_url=False)
            raise RequestValidationError(
                [{**each, "loc": ("query", *each["loc"])} for each in faults]
            ) from None
        return {name: getattr(read, name) for name in self._names}


def asked(route: APIRoute) -> Asked | None:
    """What answers a route in FastAPI's place; None where it wants more than a simple query."""
    wants = route.dependant
    simple = wants.request_param_name == "request" and not (
        wants.path_params
        or wants.body_params
        or wants.header_params
        or wants.cookie_params
        or wants.dependencies
    )
    hints = get_type_hints(route.endpoint, include_extras=True)
    several = any(_is_list(hints[each.name]) for each in wants.query_params)
    if not simple or several or not inspect.iscoroutinefunction(route.endpoint):
        return None
    given = inspect.signature(route.endpoint).parameters
    fields: dict[str, Any] = {
        each.name: (hints[each.name], _default(given[each.name])) for each in wants.query_params
    }
    return Asked(route.endpoint, create_model("Query", **fields))


def _is_list(hint: Any) -> bool:
    return get_origin(hint) in {list, tuple, set, frozenset} or any(map(_is_list, get_args(hint)))


def _default(parameter: inspect.Parameter) -> Any:
    return ... if parameter.default is inspect.Parameter.empty else parameter.default
