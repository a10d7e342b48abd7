"""In the browser: a new alarm is seen and heard of at once, and one key acknowledges it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

from gateway.alarms.pages import Pages
from gateway.alarms.panel import AlarmPanel
from gateway.api import open_app
from gateway.console import Console
from gateway.model import Micros
from gateway.testing import Recognizing
from tests.peers import free_port, require_peer
from tests.unit.alarms.alarm_case import FAULT, SECOND, AlarmSite, measured, pump
from tests.unit.alarms.test_alarm_pages import AlarmView

pytestmark = [pytest.mark.acceptance, pytest.mark.peer]


async def alive(site: AlarmSite, view: AlarmView) -> None:
    """The gateway's own work between requests: tables, conditions, the live stream."""
    shown = 0
    while True:
        await site.ports.feed(site.desk, site.detector)
        await site.detector.turn()
        news, shown = site.ports.events[shown:], len(site.ports.events)
        if news:
            await view.store.add(*news)
        await asyncio.sleep(0.02)


@asynccontextmanager
async def served(site: AlarmSite) -> AsyncIterator[str]:
    async with site.running():
        view = AlarmView(site.clock)
        longest = Micros(86_400 * SECOND)
        view.panel = AlarmPanel(site.context(), site.desk, site.detector, longest)
        console = Console(view)
        routes = [*console.routes(), *Pages(view.panel).routes(console.kit)]
        working = asyncio.create_task(alive(site, view), name="alive")
        async with open_app(view, routes, console.error_page, gate=Recognizing()) as app:
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
                working.cancel()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_new_alarm_is_shown_counted_and_acknowledged_by_one_key(
    tmp_path: Path, theme: str
) -> None:
    program = require_peer("chromium")
    site = AlarmSite(tmp_path)
    async with served(site) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"], chromium_sandbox=False
        )
        page = await browser.new_page(reduced_motion="reduce")
        page.set_default_timeout(20_000)
        await page.goto(f"{address}/alarms?lang=en&theme={theme}")
        await page.get_by_text("Nothing is wrong.").wait_for()
        site.values.poll(measured(20, at=site.clock.now()), pump("fault"))
        await page.locator(".toast.alarm", has_text="Pump: fault").wait_for()
        await page.locator("#alarms .chip.high b", has_text="1").wait_for()
        row = page.locator(f'tr[id="alarm-{FAULT}"]')
        await row.wait_for()
        blinks = await page.locator("#alarms .chip.high").evaluate(
            "chip => getComputedStyle(chip).animationName"
        )
        assert blinks == "none", "who reduces motion sees none"
        violations = (await Axe().run(page)).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
        await row.focus()
        await page.keyboard.press("a")
        await page.locator(".standing.acknowledged").wait_for()
        await page.locator("#alarms .chip").wait_for(state="detached")
        await row.press("Enter")
        await page.get_by_role("heading", name="What happened").wait_for()
        violations = (await Axe().run(page)).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
        await browser.close()
