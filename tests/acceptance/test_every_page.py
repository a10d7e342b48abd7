"""Every page of every room of a real gateway, as its owner sees it, in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from starlette.routing import Route

from gateway.api import open_app
from gateway.api.app import Application
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.testing import Recognizing
from tests.acceptance.browser import Tab, chromium, served, tab
from tests.peers import free_port, full_run

pytestmark = [pytest.mark.peer, pytest.mark.acceptance]

SITE = {
    "site": {
        "id": "trial",
        "name": {"zh-CN": "示例医院", "en": "Example Hospital"},
        "time_zone": "Asia/Shanghai",
    },
    "links": {
        "analyzers": {"driver": "hl7", "transport": {"type": "tcp-listen", "port": free_port()}}
    },
    "devices": {
        "hema": {
            "name": {"zh-CN": "血液分析仪", "en": "Hematology analyzer"},
            "link": "analyzers",
            "profile": "hematology-analyzer-hl7",
            "location": {"zh-CN": "检验科", "en": "Laboratory"},
        }
    },
}
REFUSED = re.compile("status of 40[34]")
"""What the browser says of a page that this caller may not see: it is a page all the same."""

UNATTENDED = {"/pair"}
"""Screens that nobody works at: they renew themselves, and are as wide as a wall."""

LOOKS = [("zh-CN", "light"), ("en", "dark"), ("zh-CN", "dark"), ("en", "light")]


def _addresses(app: Application) -> list[str]:
    """Every page that needs no more than its address."""
    found = {
        route.path
        for route in app.routes
        if isinstance(route, Route)
        and "GET" in (route.methods or ())
        and "{" not in route.path
        and not route.path.startswith(("/api/", "/static", "/healthz", "/readyz", "/metrics"))
        and "." not in route.path
    }
    return [*sorted(found - UNATTENDED), "/devices/hema"]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[str, list[str]]]:
    """Where the owner's pages are served, and their addresses."""
    file = tmp_path / "devices.yaml"
    file.write_text(yaml.safe_dump(SITE))
    async with open_gateway(ServeOptions(file, tmp_path / "data")) as gateway:
        console = Console(gateway)
        pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
        async with (
            open_app(gateway, pages, console.error_page, gate=Recognizing()) as app,
            served(app, free_port()) as home,
        ):
            yield home, _addresses(app)
            app.end_streams()


async def _faults(page: Tab, path: str) -> list[str]:
    answer = await page.page.goto(page.page.url)
    if answer is None or "text/html" not in answer.headers.get("content-type", ""):
        return []
    wide = await page.value("document.documentElement.scrollWidth > innerWidth")
    return [
        *(f"{path}: {fault}" for fault in await page.axe()),
        *(f"{path}: too small: {each}" for each in await page.small_targets()),
        *([f"{path}: wider than the window"] if wide else []),
    ]


async def test_every_page_of_every_room_is_accessible(site: tuple[str, list[str]]) -> None:
    home, addresses = site
    assert {"/", "/devices", "/events", "/quarantine", "/alarms", "/audit"} <= set(addresses)
    async with chromium() as browser, tab(browser, home) as page:
        faults: list[str] = []
        for language, theme in LOOKS if full_run() else LOOKS[:2]:
            for path in addresses:
                await page.go(path, lang=language, theme=theme)
                faults += await _faults(page, path)
        assert faults == []
        assert page.foreign == []
        assert [each for each in page.complaints if not REFUSED.search(each)] == []


async def test_every_page_of_every_room_fits_a_phone(site: tuple[str, list[str]]) -> None:
    home, addresses = site
    size = {"width": 390, "height": 844}
    async with chromium() as browser, tab(browser, home, viewport=size) as page:
        wide: list[str] = []
        for path in addresses:
            await page.go(path, lang="zh-CN")
            if await page.value("document.documentElement.scrollWidth") > 390:
                wide.append(path)
            wide += [f"{path}: {each}" for each in await page.too_wide()]
        assert wide == []
