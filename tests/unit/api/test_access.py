from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api import open_app
from gateway.room import Access, access, rule_of
from gateway.testing import Recognizing
from tests.unit.api.memory_site import furnished


async def _status(
    path: str = "/healthz",
    *,
    client: str = "127.0.0.1",
    host: str = "127.0.0.1:8080",
    method: str = "GET",
    **headers: str,
) -> int:
    @access(Access.PUBLIC)
    async def change(_request: Request) -> Response:
        return Response(b"done")

    pages = [Route("/change", change, methods=["POST"])]
    sent = {"host": host, **{name.replace("_", "-"): text for name, text in headers.items()}}
    async with open_app(furnished(), pages, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app, client=(client, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            return (await http.request(method, path, headers=sent)).status_code


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_is_served(client: str) -> None:
    assert await _status(client=client) == 200


@pytest.mark.parametrize("client", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", ""])
async def test_another_machine_is_refused(client: str) -> None:
    assert await _status(client=client) == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080"])
async def test_loopback_names_are_served(host: str) -> None:
    assert await _status(host=host) == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "localhost.evil.example"])
async def test_a_rebound_name_is_refused(host: str) -> None:
    assert await _status(host=host) == 403


async def test_a_program_may_post() -> None:
    assert await _status("/change", method="POST") == 200


async def test_our_own_page_may_post() -> None:
    assert await _status("/change", method="POST", origin="http://127.0.0.1:8080") == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
async def test_another_sites_page_may_not_post(origin: str) -> None:
    assert await _status("/change", method="POST", origin=origin) == 403


async def test_a_cross_site_fetch_may_not_post() -> None:
    assert await _status("/change", method="POST", sec_fetch_site="cross-site") == 403


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
