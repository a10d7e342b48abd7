from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api import open_app
from gateway.room import rule_of
from gateway.testing import Recognizing
from tests.accounts import house
from tests.unit.api.memory_site import furnished


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080", "Gateway.Hospital.example:8443"],
)
async def test_its_own_names_are_served(tmp_path: Path, host: str) -> None:
    async with house(tmp_path, names=frozenset({"gateway.hospital.example"})) as home:
        answer = await home.anonymous().get("/healthz", headers={"host": host})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "192.0.2.9", ""]
)
async def test_a_rebound_name_is_refused(tmp_path: Path, host: str) -> None:
    async with house(tmp_path) as home:
        answer = await home.anonymous().get("/healthz", headers={"host": host})
        assert answer.status_code == 403


async def test_the_address_that_a_connection_came_in_on_is_a_name() -> None:
    sent = []
    async with open_app(furnished(), gate=Recognizing()) as app:
        for host in (b"10.1.2.3:8443", b"10.1.2.4:8443"):

            async def send(message: dict[str, object]) -> None:
                sent.append(message)

            scope = {
                "type": "http",
                "method": "GET",
                "scheme": "https",
                "path": "/healthz",
                "query_string": b"",
                "headers": [(b"host", host)],
                "client": ("192.0.2.7", 40000),
                "server": ("10.1.2.3", 8443),
            }
            await app(scope, _nothing, send)  # type: ignore[arg-type]
    statuses = [each["status"] for each in sent if each["type"] == "http.response.start"]
    assert statuses == [200, 403]


async def _nothing() -> dict[str, object]:
    return {"type": "http.request", "body": b""}


async def test_every_route_declares_its_rule() -> None:
    async with open_app(furnished(), gate=Recognizing()) as app:
        assert len(app.routes) > 10
        assert all(rule_of(route) is not None for route in app.routes)


async def test_a_route_without_a_rule_stops_the_start() -> None:
    async def forgotten(_request: Request) -> Response:
        return Response(b"")

    with pytest.raises(ValueError, match="declares no access rule"):
        async with open_app(furnished(), [Route("/forgotten", forgotten)], gate=Recognizing()):
            pass


async def test_every_answer_tells_the_browser_to_trust_nothing_else() -> None:
    async with open_app(furnished(), gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            for path in ("/healthz", "/api/v1/nothing"):
                headers = (await http.get(path)).headers
                assert "script-src 'self'" in headers["content-security-policy"]
                assert headers["x-content-type-options"] == "nosniff"
                assert headers["referrer-policy"] == "same-origin"
