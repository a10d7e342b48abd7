"""In the browser: why a device is offline, in the page's language, without a reload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from playwright.async_api import async_playwright

from gateway.api import open_app
from gateway.console import Console
from gateway.model import SystemClock
from gateway.registry import DeviceState
from gateway.testing import Recognizing
from tests.peers import free_port, require_peer
from tests.unit.api.memory_site import MemorySite, furnished

pytestmark = [pytest.mark.acceptance, pytest.mark.peer]


@asynccontextmanager
async def served(site: MemorySite) -> AsyncIterator[str]:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        port = free_port()
        server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve(), name="http")
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            app.end_streams()
            server.should_exit = True
            await serving


@pytest.mark.parametrize(
    ("language", "told", "online"),
    [("zh", "已 60 秒没有消息", "在线"), ("en", "not heard of for 60 s", "online")],
)
async def test_a_reason_comes_in_the_pages_language(language: str, told: str, online: str) -> None:
    program = require_peer("chromium")
    site = furnished(SystemClock())
    async with served(site) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"], chromium_sandbox=False
        )
        page = await browser.new_page()
        page.set_default_timeout(15_000)
        await page.goto(f"{address}/devices?lang={language}")
        device = page.locator('[data-device="meter-1"]')
        assert await device.get_by_text(told).count() == 0
        site.registry.move("meter-1", DeviceState.OFFLINE, site.now(), "not heard of for 60 s")
        await device.locator("[data-reason]", has_text=told).first.wait_for()
        site.registry.move("meter-1", DeviceState.ONLINE, site.now())
        await device.locator("[data-state-word]", has_text=online).first.wait_for()
        await device.locator("[data-reason]").first.wait_for(state="hidden")
        await browser.close()
