"""No page shows a link that its reader may not follow: every page of every role, link by link."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import httpx
import pytest
import yaml
from starlette.routing import Route

from gateway.api import open_app
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.room import Permission, Principal, rule_of
from gateway.security.roles import PERMISSIONS, Role
from gateway.testing import Recognizing
from gateway.testing.access import whole_site
from tests.acceptance.test_every_page import SITE, filled

_LINKS = re.compile(r'\s(?:data-)?href="(/[^"]*)"')
_UNFOLLOWED = ("/static/", "/queue-static/", "/sign-in/with", "/account", "/second-factor")
"""No pages, and those of one's own account: whom a gate recognizes without one has none."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A gateway with every room open and something on every page."""

    gate: Recognizing
    http: httpx.AsyncClient
    pages: list[tuple[str, object]]

    def act_as(self, role: Role) -> Principal:
        self.gate.who = Principal(f"person:{role}", role, PERMISSIONS[role])
        return self.gate.who


@pytest.fixture
async def walk(tmp_path: Path) -> AsyncIterator[Walk]:
    file = tmp_path / "devices.yaml"
    file.write_text(yaml.safe_dump({**whole_site(), **SITE}))
    async with AsyncExitStack() as stack:
        options = ServeOptions(file, tmp_path / "data")
        gateway = await stack.enter_async_context(open_gateway(options))
        shown = await filled(gateway)
        console, gate = Console(gateway), Recognizing()
        pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
        app = await stack.enter_async_context(
            open_app(gateway, pages, console.error_page, gate=gate)
        )
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://localhost",
                headers={"accept": "text/html"},
            )
        )
        rules = {
            route.path: rule_of(route)
            for route in app.routes
            if isinstance(route, Route)
            and "GET" in (route.methods or ())
            and "stream" not in route.path
            and not route.path.startswith(("/api/", "/dicom-web"))
        }
        walked = [(shown.get(path, path), rule) for path, rule in rules.items()]
        yield Walk(gate, http, [each for each in walked if "{" not in each[0]])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", Role)
async def test_every_link_of_every_page_may_be_followed(walk: Walk, role: Role) -> None:
    who = walk.act_as(role)
    found: dict[str, str] = {}
    for path, rule in walk.pages:
        if isinstance(rule, Permission) and not who.may(rule):
            continue
        page = await walk.http.get(path)
        if "text/html" in page.headers.get("content-type", ""):
            for address in _LINKS.findall(page.text):
                found.setdefault(unescape(address), path)
    assert len(found) > 5
    closed = []
    for address, page_path in found.items():
        if not address.startswith(_UNFOLLOWED) and "stream" not in address:
            answer = await walk.http.get(address)
            if answer.status_code == 403:
                closed.append(f"{page_path} leads to {address}")
    assert closed == []


async def test_who_may_not_see_the_site_is_led_to_a_page_of_theirs(walk: Walk) -> None:
    walk.gate.who = Principal("token:checks", "checks", frozenset({Permission.READ_AUDIT}))
    answer = await walk.http.get("/")
    assert answer.status_code == 303
    assert (await walk.http.get(answer.headers["location"])).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/audit", 403), ("/no-such-page", 404)])
async def test_a_refusal_is_a_page_that_leads_on(walk: Walk, path: str, status: int) -> None:
    walk.act_as(Role.THERAPIST)
    answer = await walk.http.get(f"{path}?lang=en")
    assert answer.status_code == status
    assert "<nav" in answer.text
    assert 'class="button primary" href="/"' in answer.text
