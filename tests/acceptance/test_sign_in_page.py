"""Signing in and the pages of accounts in real Chromium, and what other sites' pages can't do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.security.roles import Role
from gateway.security.totp import code_at
from gateway.web.caller import OVER_SOCKET
from tests.acceptance.browser import Tab, chromium, served, tab
from tests.accounts import PASSWORD, House, house
from tests.peers import free_port
from tests.unit.api.memory_site import furnished

pytestmark = [pytest.mark.peer, pytest.mark.acceptance]

PAGES = (
    "/account",
    "/account/second-factor",
    "/settings/accounts",
    "/settings/accounts/wang",
    "/settings/tokens",
)
OPEN = ("/sign-in", "/set-up", "/pair")


@dataclass(frozen=True)
class Place:
    """A gateway at `localhost`, with its accounts and a browser."""

    home: House
    url: str
    browser: Browser

    @asynccontextmanager
    async def signed_in(self, *roles: Role, **options: object) -> AsyncIterator[Tab]:
        account = await self.home.person(*roles)
        secret = await self.home.security.sign_in.admit(account, "127.0.0.1", "Chromium")
        async with tab(self.browser, self.url, **options) as opened:
            await opened.page.context.add_cookies(
                [
                    {
                        "name": "isogate",
                        "value": secret,
                        "url": self.url,
                        "httpOnly": True,
                        "sameSite": "Strict",
                    }
                ]
            )
            yield opened


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with house(tmp_path) as home, chromium() as browser:
        home.site.registry = furnished().registry
        async with served(home.app, free_port()) as url:
            yield Place(home, url.replace("127.0.0.1", "localhost"), browser)


async def test_the_first_administrator_sets_up_signs_out_and_in(place: Place) -> None:
    code = await place.home.security.first_link()
    async with tab(place.browser, place.url) as browser:
        page = browser.page
        await page.goto(f"{place.url}/set-up?lang=en#{code}")
        assert await page.input_value("#code") == code
        assert code not in page.url
        await page.fill("#name", "boss")
        await page.fill("#new", PASSWORD)
        await page.fill("#again", PASSWORD)
        await page.click("button.primary")
        await page.wait_for_url("**/account/second-factor")
        secret = (await page.locator(".steps p.code").inner_text()).replace(" ", "")
        await page.fill("#code", code_at(secret, place.home.clock.now()))
        await page.fill("#password", PASSWORD)
        await page.click("button.primary")
        await browser.shows("h1", "Recovery codes")
        assert len(await browser.texts(".codes li")) == 10
        await browser.go("/settings/accounts")
        await browser.shows("h1", "Accounts")
        await browser.go("/account")
        await page.click(".headline button")
        await page.wait_for_url("**/sign-in")
        await page.go_back()
        await browser.go("/settings/accounts")
        await page.wait_for_url("**/sign-in?next=/settings/accounts")
        place.home.clock.advance(30)
        await page.fill("#name", "boss")
        await page.fill("#password", PASSWORD)
        await page.fill("#code", code_at(secret, place.home.clock.now()))
        await page.click("button.primary")
        await page.wait_for_url("**/settings/accounts")
        assert browser.complaints == []
        assert browser.foreign == []


async def test_a_wrong_password_is_told_and_the_name_stays(place: Place) -> None:
    await place.home.person(Role.THERAPIST, name="wang")
    async with tab(place.browser, place.url) as browser:
        await browser.go("/sign-in", lang="en")
        await browser.page.fill("#name", "wang")
        await browser.page.fill("#password", "wrong password")
        await browser.page.press("#password", "Enter")
        await browser.shows("[role=alert]", "Name, password or one-time code is wrong.")
        assert await browser.page.input_value("#name") == "wang"
        assert await browser.page.input_value("#password") == ""


async def test_the_palette_may_post_under_the_cookie(place: Place) -> None:
    async with place.signed_in(Role.ENGINEER) as browser:
        await browser.go("/", lang="en")
        async with browser.page.expect_response("**/find") as answered:
            await browser.page.keyboard.press("Control+k")
            await browser.page.keyboard.type("wang")
        assert (await answered.value).status == 200


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_the_pages_can_be_used_by_everybody(place: Place, lang: str, theme: str) -> None:
    await place.home.person(Role.THERAPIST, name="wang")
    await place.home.program("site.read", "results.read")
    async with (
        place.signed_in(Role.ADMINISTRATOR) as browser,
        tab(place.browser, place.url) as stranger,
    ):
        for path in (*PAGES, *OPEN):
            visitor = stranger if path in OPEN else browser
            await visitor.go(path, lang=lang, theme=theme)
            assert await visitor.axe() == [], path
            assert await visitor.small_targets() == [], path
            assert await visitor.too_wide() == [], path
        assert browser.complaints == stranger.complaints == []
        assert browser.foreign == stranger.foreign == []


async def test_the_pages_fit_a_phone(place: Place) -> None:
    await place.home.person(Role.THERAPIST, name="wang")
    phone = {"viewport": {"width": 360, "height": 740}}
    async with place.signed_in(Role.ADMINISTRATOR, **phone) as browser:
        for path in PAGES:
            await browser.go(path, lang="en")
            assert await browser.too_wide() == [], path


@asynccontextmanager
async def another_site(html: str) -> AsyncIterator[int]:
    """A page of somebody else on a port of its own."""

    async def page(_request: Request) -> Response:
        return HTMLResponse(html)

    port = free_port()
    async with served(Starlette(routes=[Route("/", page)]), port):
        yield port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_another_sites_form_does_nothing(place: Place, host: str) -> None:
    """As `127.0.0.1` it is another site; as `localhost` the same site, so the cookie is sent."""
    async with place.signed_in(Role.THERAPIST) as browser:
        form = (
            f'<form method="post" action="{place.url}/account/sessions"></form>'
            "<script>document.forms[0].submit()</script>"
        )
        (account,) = place.home.security.books.accounts.all()
        await place.home.security.sign_in.admit(account, "192.0.2.9", "another")
        async with another_site(form) as port:
            async with browser.page.expect_response("**/account/sessions") as answered:
                await browser.page.goto(f"http://{host}:{port}/")
            answer = await answered.value
        if host == "localhost":
            assert answer.status == 403
        else:
            assert answer.headers["location"] == "/sign-in"
        assert len(place.home.security.books.sessions.of(account.name)) == 2


async def test_a_display_goes_on_by_itself_when_it_is_let_in(place: Place) -> None:
    async with tab(place.browser, place.url) as display:
        await display.go("/pair")
        code = await display.page.locator("#code").inner_text()
        await place.home.security.issue.pair(OVER_SOCKET, code, "hall-1", ["site.read"])
        await display.page.wait_for_url(f"{place.url}/")
        await display.shows("h1", "")
        cookies = {each["name"] for each in await display.page.context.cookies()}
        assert "isogate-display" in cookies
        assert "isogate-pairing" not in cookies


async def test_another_sites_script_reads_nothing(place: Place) -> None:
    async with place.signed_in(Role.LABORATORY) as browser:
        script = f"""<p>nothing</p><script>
          fetch("{place.url}/api/v1/latest", {{credentials: "include"}}).then(
            (answer) => answer.text()).then((text) => {{ document.body.innerText = text; }},
            () => {{ document.body.innerText = "refused"; }});
        </script>"""
        async with another_site(script) as port:
            await browser.page.goto(f"http://localhost:{port}/")
            await browser.shows("body", "refused")


async def test_no_page_can_be_framed(place: Place) -> None:
    async with place.signed_in(Role.ADMINISTRATOR) as browser:
        frame = f'<iframe src="{place.url}/settings/accounts" width="900" height="700"></iframe>'
        async with another_site(frame) as port:
            await browser.page.goto(f"http://localhost:{port}/")
            await browser.page.wait_for_load_state("networkidle")
            framed = browser.page.frames[1]
            assert "Accounts" not in await framed.content()
            assert framed.url.startswith("chrome-error:")
