"""In the browser: who notes that somebody was told is not interrupted by what comes in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Response

from tests.acceptance.browser import chromium, served, tab
from tests.peers import free_port
from tests.unit.lab.report_case import critical, reporting

pytestmark = [pytest.mark.acceptance, pytest.mark.peer]


def in_the_background(response: Response) -> bool:
    return response.request.headers.get("x-background") == "1"


async def test_a_form_that_somebody_fills_in_stays_while_the_list_is_fetched_anew(
    tmp_path: Path,
) -> None:
    async with (
        reporting(tmp_path) as bench,
        served(bench.app, free_port()) as home,
        chromium() as browser,
        tab(browser, home, viewport={"width": 390, "height": 844}) as page,
    ):
        await bench.hear(critical(1))
        await page.go("/critical-values", lang="en")
        assert await page.axe() == []
        assert await page.too_wide() == []
        await page.page.get_by_role("button", name="Note who was told").first.click()
        told = page.page.get_by_role("textbox", name="Who was told")
        await told.fill("Nurse Wang, ward 4")
        for _ in range(2):
            async with page.page.expect_response(in_the_background):
                pass
        assert await told.input_value() == "Nurse Wang, ward 4"
        await page.page.get_by_role("combobox", name="How").select_option("phone")
        await page.page.get_by_role("checkbox", name="They repeated it").check()
        sending = asyncio.create_task(page.page.locator("dialog[open] button[type=submit]").click())
        while not sending.done():
            await bench.feed()
            await asyncio.sleep(0.02)
        await sending
        await page.shows("#done ~ .scroll", "Nurse Wang, ward 4")
