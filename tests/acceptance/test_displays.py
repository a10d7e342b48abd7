"""Displays and the desk in real Chromium: what they show, offline, on return, in both languages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Route

from queue_display.terms import Verb
from tests.acceptance.browser import Tab, chromium, served, tab
from tests.peers import free_port
from tests.unit.queue.desk_case import WANG, Department, department

pytestmark = [pytest.mark.peer, pytest.mark.acceptance]

SIZES = {"1080p": (1920, 1080), "portrait": (1080, 1920), "4K": (3840, 2160)}


@dataclass(frozen=True, slots=True)
class Hall:
    office: Department
    home: str


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    """Two wait at the first linac and one is called; the stream runs."""
    async with department(tmp_path) as office:
        for number, time in (("1002", "08:00"), ("1004", "08:15"), ("1005", "08:30")):
            await office.books(number, time)
            await office.arrives(number)
        await office.desk.call_next(WANG, "linac-1")
        running = asyncio.create_task(office.air.run(), name="air")
        async with served(office.app, free_port()) as home:
            yield Hall(office, home)
            office.air.end_streams()
            running.cancel()


async def _stands(page: Tab, label: str) -> None:
    await page.shows(".now .label", label)


@pytest.mark.parametrize("size", SIZES)
async def test_a_hall_screen_shows_the_call_large_and_nothing_sticks_out(
    hall: Hall, size: str
) -> None:
    width, height = SIZES[size]
    view = {"width": width, "height": height}
    async with chromium() as browser, tab(browser, hall.home, viewport=view) as page:
        await page.go("/display/hall-1")
        await _stands(page, "A001")
        shown = await page.value(
            "parseFloat(getComputedStyle(document.querySelector('.now .called')).fontSize)"
        )
        assert shown >= min(width, height) / 12
        assert await page.too_wide() == []
        assert await page.value("document.documentElement.scrollHeight <= innerHeight")
        assert await page.texts(".now .place > span") == ["1号机房", "Room 1"]
        assert await page.axe() == []
        assert page.foreign == []


async def test_a_screen_that_hears_nothing_says_so_keeps_the_calls_and_comes_back(
    hall: Hall,
) -> None:
    async with chromium() as browser, tab(browser, hall.home) as page:
        await page.page.clock.install()
        await page.go("/display/hall-1")
        await _stands(page, "A001")
        await page.page.context.set_offline(True)
        hall.office.air.end_streams()
        await page.page.clock.run_for(16_500)
        await page.shows("#lost", "离线，最后更新 07:30")
        assert "offline" in await page.value("document.documentElement.className")
        await _stands(page, "A001")
        called = (await hall.office.lane()).running[0].ticket
        await hall.office.desk.take(WANG, called.id, Verb.RECALL)
        hall.office.clock.advance(31)
        await page.page.context.set_offline(False)
        await page.page.clock.run_for(2_000)
        await page.page.wait_for_function(
            "document.documentElement.className.indexOf('offline') < 0"
        )
        assert await page.texts("#lost") == [""]
        assert await page.value("document.querySelectorAll('.fresh').length") == 0, "an old call"


async def test_a_call_is_lit_for_three_seconds(hall: Hall) -> None:
    async with chromium() as browser, tab(browser, hall.home) as page:
        await page.page.clock.install()
        await page.go("/display/door-1")
        await page.shows(".called .label", "A001")
        await hall.office.desk.call_next(WANG, "linac-1")
        await page.shows(".fresh .called .label", "A002")
        await page.page.clock.run_for(3_100)
        await page.page.wait_for_function("!document.querySelector('.fresh')")
        await page.shows(".called .label", "A002")


async def test_the_desk_calls_the_next_at_one_key_and_sees_what_others_do(hall: Hall) -> None:
    async with chromium() as browser, tab(browser, hall.home) as page:
        for language, waiting in (("zh-CN", "候诊"), ("en", "Waiting")):
            await page.go("/queue", lang=language)
            await page.shows("#lanes h3", waiting)
            assert await page.axe() == []
            assert await page.small_targets() == []
        await page.page.keyboard.press("1")
        await page.shows(".ticket.running .label", "A002")
        ticket = (await hall.office.lane()).running[0].ticket
        await hall.office.desk.take(WANG, ticket.id, Verb.START)
        await page.shows(".ticket.running .badge", "in treatment")
        assert page.complaints == []


async def test_the_desk_catches_up_with_what_happened_before_it_listened(hall: Hall) -> None:
    moved = asyncio.Event()

    async def late(route: Route) -> None:
        await moved.wait()
        await route.continue_()

    async with chromium() as browser, tab(browser, hall.home) as page:
        await page.page.route("**/queue/stream", late)
        await page.page.goto(f"{hall.home}/queue?lang=en", wait_until="commit")
        await page.shows(".ticket.running .badge", "called")
        ticket = (await hall.office.lane()).running[0].ticket
        await hall.office.desk.take(WANG, ticket.id, Verb.START)
        moved.set()
        await page.shows(".ticket.running .badge", "in treatment")


async def test_a_ticket_is_dragged_before_another_for_a_reason(hall: Hall) -> None:
    async with chromium() as browser, tab(browser, hall.home) as page:
        await page.go("/queue", lang="en")
        tickets = page.page.locator("li.ticket")
        await tickets.nth(1).locator(".why").drag_to(tickets.nth(0).locator(".why"))
        await page.shows("#move", "A003")
        assert await page.axe() == []
        await page.page.fill("#move-why", "in pain")
        await page.page.click("#move button.primary")
        await page.shows("li.ticket:first-child .label", "A003")
        await page.shows("li.ticket:first-child .why", "placed by hand: in pain")


async def test_when_a_machine_is_down_the_twin_is_offered(hall: Hall) -> None:
    async with chromium() as browser, tab(browser, hall.home) as page:
        await page.go("/queue", lang="en")
        await hall.office.desk.stop(WANG, "linac-1", "interlock")
        await page.shows(".banner", "interlock")
        await page.page.get_by_role("button", name="Transfer to LA2").first.click()
        await page.shows("section:has(#lane-linac-2) li.ticket .label", "A002")
