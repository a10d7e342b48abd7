"""A route that is answered without FastAPI's dependencies is answered as FastAPI would."""

from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.room.asked import asked
from gateway.room.route import DeviceFilter, Limit


async def plain(request: Request, limit: Limit = 100, device: DeviceFilter = None) -> Response:
    return JSONResponse([str(request.url.path), limit, device])


async def several(request: Request, kinds: Annotated[list[str], Query()]) -> Response:
    return JSONResponse([str(request.url.path), kinds])


async def of_path(request: Request, device: str) -> Response:
    return JSONResponse([str(request.url.path), device])


def app(*, ours: bool) -> FastAPI:
    route = APIRoute("/rows", plain, response_class=Response)
    if ours:
        answers = asked(route)
        assert answers is not None
        route.app = answers
    made = FastAPI()
    made.router.routes.append(route)
    return made


@pytest.mark.parametrize(
    "query",
    [
        *("", "limit=7", "limit=0", "limit=many", "limit=", "limit=1.5", "limit=1001"),
        *("device=a&device=b", "device=", "other=1", "limit=3&limit=4"),
    ],
)
async def test_the_answer_is_that_of_fastapi(query: str) -> None:
    answers = []
    for ours in (True, False):
        transport = httpx.ASGITransport(app(ours=ours))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            answer = await http.get(f"/rows?{query}")
        answers.append((answer.status_code, answer.json()))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(("path", "endpoint"), [("/rows", several), ("/rows/{device}", of_path)])
def test_what_is_not_simple_is_left_to_fastapi(path: str, endpoint: object) -> None:
    assert callable(endpoint)
    assert asked(APIRoute(path, endpoint, response_class=Response)) is None
