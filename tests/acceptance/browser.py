"""Real Chromium, driven by Playwright, and what it noticed on a page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright
from starlette.types import ASGIApp

from tests.peers import require_peer

WITHIN = 15_000.0
"""Milliseconds that a page may take to show something."""

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

_SMALL = """
() => [...document.querySelectorAll("button, .button, .tool, header a, nav a, .pager a, select")]
  .filter((each) => each.checkVisibility() && !each.matches(".hidden, [data-part]"))
  .filter((each) => each.getBoundingClientRect().height < 44)
  .map((each) => `${each.outerHTML.slice(0, 120)} ${each.getBoundingClientRect().height}`)
"""

_TOO_WIDE = """
() => [...document.querySelectorAll("body *")]
  .filter((each) => each.checkVisibility() && !each.closest(".scroll, .tail, .text, .parts"))
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => each.outerHTML.slice(0, 120))
"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium; without it the test skips, or fails where peers are required."""
    program = require_peer("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=_FLAGS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            await browser.close()


class Tab:
    """A page, with everything that it complained of and every address that it asked for."""

    def __init__(self, page: Page, home: str) -> None:
        self.page, self.home = page, home
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        page.set_default_timeout(WITHIN)

    async def go(self, path: str, **query: str) -> None:
        chosen = "&".join(f"{key}={value}" for key, value in query.items())
        joint = "&" if "?" in path else "?"
        await self.page.goto(f"{self.home}{path}{joint if chosen else ''}{chosen}")

    async def shows(self, selector: str, text: str) -> None:
        await self.page.locator(selector).filter(has_text=text).first.wait_for()
        # Until its modules have run, a page hears no key.
        await self.page.wait_for_load_state("domcontentloaded")

    async def texts(self, selector: str) -> list[str]:
        return await self.page.locator(selector).all_inner_texts()

    async def value(self, script: str) -> Any:
        return await self.page.evaluate(script)

    async def axe(self) -> list[str]:
        """What axe-core finds at fault with the page, by rule and element (WCAG 2.2 AA)."""
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": tags}}
        found = await Axe().run(self.page, options=options)
        return [
            f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}"
            for fault in found.response["violations"]
            for node in fault["nodes"]
        ]

    async def small_targets(self) -> list[str]:
        """Controls lower than 44 pixels."""
        found: list[str] = await self.page.evaluate(_SMALL)
        return found

    async def too_wide(self) -> list[str]:
        """What sticks out to the right, outside of parts that scroll by themselves."""
        found: list[str] = await self.page.evaluate(_TOO_WIDE)
        return found

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.foreign.append(request.url)


@asynccontextmanager
async def tab(browser: Browser, home: str, **options: Any) -> AsyncIterator[Tab]:
    """A tab of its own, without cookies, 1440 x 1000 unless said otherwise."""
    size = {"width": 1440, "height": 1000}
    context: BrowserContext = await browser.new_context(**{"viewport": size, **options})
    try:
        yield Tab(await context.new_page(), home)
    finally:
        await context.close()


@asynccontextmanager
async def served(app: ASGIApp, port: int) -> AsyncIterator[str]:
    """An application on a loopback port; its address."""
    config = uvicorn.Config(
        app, port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(), name="http")
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving
