"""The pages in a real browser: live, in both languages, on light and dark."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from gateway.api import open_app
from gateway.console import Console
from gateway.driver import Part
from gateway.model import (
    Coding,
    Direction,
    Kind,
    Quality,
    Quarantined,
    QuarantineReason,
    RawId,
    Status,
    SystemClock,
    Value,
)
from gateway.registry import DeviceState
from gateway.testing import Recognizing
from tests.peers import free_port, require_peer, wait_until
from tests.unit.api.memory_site import MemorySite, analyzer, found, furnished, measured, wire

pytestmark = [pytest.mark.peer, pytest.mark.acceptance]

T = TypeVar("T")
WITHIN = 15.0
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1440,1000",
)

CONTRAST = """
const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
const parse = (text) => {
  context.clearRect(0, 0, 1, 1); context.fillStyle = text; context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
};
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
  .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour[3] === 255) return colour;
  }
  return [255, 255, 255, 255];
};
const faint = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !element.checkVisibility()) continue;
  const [one, other] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  if (ratio < 4.5) faint.push(`${element.className}: ${element.textContent.trim()} ${ratio}`);
}
return faint;
"""

PAGES = [
    "/",
    "/devices/meter-1",
    "/messages/7",
    "/events",
    "/quarantine",
    "/results",
    "/samples/chemistry-1/S1",
]

TEXTS = "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText);"

SMALL_TARGETS = """
return [...document.querySelectorAll("header a, header button, .pager a, .button")]
  .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
  .map((each) => each.textContent.trim());
"""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = str(require_peer("chromium"))
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options, ChromeService(str(require_peer("chromedriver"))))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
async def site() -> MemorySite:
    site = furnished(SystemClock(), analyzer())
    now = site.now()
    site.store.keep(wire(7, b"\x01\x03\x02\x04\xe2\x0d\x0a", at=now))
    door = replace(
        measured("room-1", "door", "1", "", at=now),
        kind=Kind.STATE,
        value=Value("1", 1.0, code=Coding("urn:isogate:point", "open")),
    )
    registers = (Part("Register 1", 3, 5, "1250"), Part("Register 2", 5, 7, "3338"))
    site.parts[7] = (Part("Unit", 0, 1, "1"), Part("Data", 3, 7, "", registers))
    await site.hear(
        found("2345-7", "5.10", at=now, raw_id=7, status=Status.PRELIMINARY),
        found("2345-7", "5.20", at=now, raw_id=7, status=Status.CORRECTED, flags=("H",)),
        found("2823-3", "6.90", at=now, raw_id=7, flags=("HH",)),
        found("2823-3", "4.00", at=now, specimen="QC1", status=Status.QC),
        found("2823-3", "1.10", at=now, specimen="", status=Status.CANCELLED, flags=("<",)),
        measured("meter-1", "power", "12.50", "kW", at=now, raw_id=7),
        measured("meter-1", "current-l1", "999", "A", at=now, quality=Quality.BAD),
        measured("room-1", "humidity", "41", "%", at=now, quality=Quality.UNCERTAIN),
        door,
    )
    site.store.put_aside(
        Quarantined(
            RawId(7), "lab-line", "chemistry-1", QuarantineReason.UNKNOWN_CODE, "ALT", "no", now
        )
    )
    return site


@asynccontextmanager
async def _served(site: MemorySite, port: int) -> AsyncIterator[str]:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        config = uvicorn.Config(app, port=port, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            app.end_streams()
            server.should_exit = True
            await serving


@pytest.fixture
async def address(site: MemorySite) -> AsyncIterator[str]:
    async with _served(site, free_port()) as served:
        yield served


async def _browse(work: Callable[..., T], *arguments: Any) -> T:
    """Selenium blocks, so it works beside the loop that serves the page."""
    return await asyncio.to_thread(work, *arguments)


async def _shows(browser: Chrome, selector: str, text: str) -> None:
    def shown() -> bool:
        return any(text in each for each in browser.execute_script(TEXTS, selector))

    await _browse(lambda: wait_until(shown, within=WITHIN, what=f"{selector} shows {text!r}"))


def _all(browser: Chrome, selector: str) -> list[WebElement]:
    return browser.find_elements(By.CSS_SELECTOR, selector)


def _complaints(browser: Chrome) -> list[str]:
    """Errors on the browser's console: broken scripts, refused styles, missing files."""
    log: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in log if entry["level"] == "SEVERE"]


async def test_values_change_on_the_page_without_a_reload(
    browser: Chrome, site: MemorySite, address: str
) -> None:
    await _browse(browser.get, f"{address}/?lang=en")
    await _shows(browser, '[data-point="meter-1/power"]', "12.50")
    site.poll(measured("meter-1", "power", "13.75", "kW", at=site.now(), raw_id=8))
    await _shows(browser, '[data-point="meter-1/power"]', "13.75")
    (link,) = await _browse(_all, browser, '[data-point="meter-1/power"] a')
    assert await _browse(link.get_attribute, "href") == f"{address}/messages/8"
    assert await _browse(_complaints, browser) == []


async def test_a_device_that_falls_silent_is_seen_at_once(
    browser: Chrome, site: MemorySite, address: str
) -> None:
    await _browse(browser.get, f"{address}/?lang=en")
    await _shows(browser, '[data-device="meter-1"]', "online")
    site.registry.move("meter-1", DeviceState.OFFLINE, site.now(), "no answer from unit 3")
    await _shows(browser, '[data-device="meter-1"] .state', "offline")
    await _shows(browser, '[data-point="meter-1/power"]', "stale")
    await _shows(browser, '[data-point="meter-1/power"]', "12.50")
    await _shows(browser, "h1", "1 of 3 devices does not answer.")
    await _shows(browser, ".attention", "no answer from unit 3")


async def test_from_a_value_to_its_bytes_and_back(browser: Chrome, address: str) -> None:
    await _browse(browser.get, f"{address}/devices/meter-1?lang=en")
    (link,) = await _browse(_all, browser, '[data-point="meter-1/power"] td a')
    await _browse(link.click)
    await _shows(browser, ".dump", "01 03 02 04 e2 0d 0a".replace(" ", ""))
    await _shows(browser, ".dump", "SOH")
    (back,) = await _browse(_all, browser, '.crumbs a[href="/devices/meter-1"]')
    await _browse(back.click)
    await _shows(browser, "h1", "Linac meter")


async def test_a_part_shows_its_bytes_and_a_byte_its_part(browser: Chrome, address: str) -> None:
    await _browse(browser.get, f"{address}/messages/7?lang=en")
    second = (await _browse(_all, browser, "[data-part]"))[3]
    await _browse(second.click)
    assert await _browse(browser.execute_script, TEXTS, ".dump span.chosen") == ["0d", "0a"]
    (third,) = await _browse(_all, browser, '.dump span[data-at="3"]')
    await _browse(third.click)
    chosen = "[data-part][data-chosen]"
    assert await _browse(browser.execute_script, TEXTS, chosen) == ["Register 1\n1250"]
    keys = ActionChains(browser).send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    await _browse(keys.perform)
    assert await _browse(browser.execute_script, TEXTS, chosen) == ["Unit\n1"]
    assert await _browse(browser.execute_script, CONTRAST) == []
    assert await _browse(_complaints, browser) == []


async def test_the_line_is_shown_as_it_happens(
    browser: Chrome, site: MemorySite, address: str
) -> None:
    await _browse(browser.get, f"{address}/devices/meter-1?lang=en")
    watched = site.taps._watchers
    await _browse(
        lambda: wait_until(lambda: bool(watched.get("bus")), within=WITHIN, what="the tap")
    )
    site.taps.show("bus", Direction.IN, b"\x02meter\x03\x80")
    await _shows(browser, "#tail .hex", "02 6d 65 74 65 72 03 80")
    await _shows(browser, "#tail .chars", "STXmeterETX·")


async def test_any_device_is_a_few_keys_away(browser: Chrome, address: str) -> None:
    await _browse(browser.get, f"{address}/events?lang=en")
    keys = ActionChains(browser).key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL)
    await _browse(keys.perform)
    await _browse(ActionChains(browser).send_keys("climate" + Keys.ENTER).perform)
    await _shows(browser, "h1", "Vault climate")


async def test_a_lost_connection_is_said_and_its_return_too(
    browser: Chrome, site: MemorySite
) -> None:
    port = free_port()
    async with _served(site, port) as address:
        await _browse(browser.get, f"{address}/?lang=en")
        await _shows(browser, '[data-point="meter-1/power"]', "12.50")
    await _shows(browser, "#lost", "No live values since")
    async with _served(site, port):
        await _browse(
            lambda: wait_until(
                lambda: not _all(browser, "#lost")[0].is_displayed(), within=WITHIN, what="return"
            )
        )
        site.poll(measured("meter-1", "power", "14", "kW", at=site.now()))
        await _shows(browser, '[data-point="meter-1/power"]', "14")


async def test_a_new_result_appears_by_itself_and_the_keyboard_stays_where_it_is(
    browser: Chrome, site: MemorySite, address: str
) -> None:
    await _browse(browser.get, f"{address}/results?lang=en")
    await _shows(browser, "#result-3", "critically high")
    await _browse(browser.execute_script, "document.getElementById('result-3').focus()")
    await site.hear(found("2345-7", "3.30", at=site.now(), specimen="S9", flags=("L",)))
    await _shows(browser, ".results tbody tr:first-child", "3.30")
    held = "return document.activeElement.id"
    assert await _browse(browser.execute_script, held) == "result-3"
    keys = ActionChains(browser).send_keys(Keys.ARROW_UP, Keys.ARROW_DOWN, Keys.ENTER)
    await _browse(keys.perform)
    await _shows(browser, "h1", "Sample S1")
    assert await _browse(_complaints, browser) == []


async def test_a_version_leads_to_its_bytes(browser: Chrome, address: str) -> None:
    await _browse(browser.get, f"{address}/samples/chemistry-1/S1?lang=en")
    (summary,) = await _browse(_all, browser, "summary")
    await _browse(summary.click)
    await _shows(browser, ".versions", "5.10")
    (link,) = await _browse(_all, browser, ".versions a")
    await _browse(link.click)
    await _shows(browser, "h1", "Message 7")


async def test_the_quarantine_is_interpreted_again_at_a_button(
    browser: Chrome, site: MemorySite, address: str
) -> None:
    site.outcome = {"resolved": 1, "events": 3, "waiting": {}}
    await _browse(browser.get, f"{address}/quarantine?lang=en")
    (button,) = await _browse(_all, browser, ".task button")
    await _browse(button.click)
    await _shows(browser, ".outcome", "1 entry is settled, 3 events were added.")
    assert site.asked == ["interpret chemistry-1 unknown-code console"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_every_page_reads_well(
    browser: Chrome, site: MemorySite, address: str, language: str, theme: str
) -> None:
    site.registry.move("meter-1", DeviceState.OFFLINE, site.now(), "no answer from unit 3")
    choice = f"lang={language}&theme={theme}"
    for path in [*PAGES, "/nothing"]:
        await _browse(browser.get, f"{address}{path}?{choice}")
        assert await _browse(browser.execute_script, CONTRAST) == [], path
        assert await _browse(browser.execute_script, SMALL_TARGETS) == [], path
        ground = await _browse(
            browser.execute_script, "return getComputedStyle(document.body).backgroundColor"
        )
        assert ground == {"light": "rgb(243, 245, 247)", "dark": "rgb(18, 22, 27)"}[theme]
    complaints = await _browse(_complaints, browser)
    assert [each for each in complaints if "404" not in each] == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_nothing_overflows_a_phone(browser: Chrome, address: str, language: str) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    await _browse(browser.execute_cdp_cmd, "Emulation.setDeviceMetricsOverride", metrics)
    for path in PAGES:
        await _browse(browser.get, f"{address}{path}?lang={language}")
        wide = await _browse(browser.execute_script, "return document.documentElement.scrollWidth")
        assert wide <= 390, path
