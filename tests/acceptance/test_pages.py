"""The pages in a real browser: live, by keyboard, in both languages, on light and dark."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from gateway.api import open_app
from gateway.console import Console
from gateway.driver import Part
from gateway.model import (
    Coding,
    Direction,
    Instant,
    Kind,
    Quality,
    Quarantined,
    QuarantineReason,
    RawId,
    Status,
    SystemClock,
    Value,
)
from gateway.profile import POINT_SYSTEM
from gateway.registry import DeviceState
from gateway.room import Hit
from gateway.store import RollupRow
from gateway.testing import Recognizing
from gateway.web import Caller, Configuration, Means
from tests.acceptance.browser import Tab, chromium, served, tab
from tests.peers import count, free_port
from tests.unit.api.memory_site import (
    SECOND,
    MemorySite,
    analyzer,
    found,
    furnished,
    measured,
    wire,
)

pytestmark = [
    pytest.mark.peer,
    pytest.mark.acceptance,
    pytest.mark.asyncio(loop_scope="module"),
]

PAGES = [
    "/",
    "/devices",
    "/devices?view=cards",
    "/devices/meter-1",
    "/devices/meter-1/trend/power",
    "/messages",
    "/messages/7",
    "/events",
    "/events/3",
    "/quarantine",
    "/quarantine/map?link=lab-line&device=chemistry-1&reason=unknown-code&subject=ALT",
    "/mappings",
    "/results",
    "/samples/chemistry-1/S1",
    "/settings",
    "/settings/configuration",
    "/nothing",
]
GROUNDS = {"light": "rgb(243, 245, 247)", "dark": "rgb(18, 22, 27)"}
HERE = "document.activeElement.id"


def _trend(now: Instant) -> list[RollupRow]:
    """Three hours of a value, with a gap of one."""
    start = now - now % (300 * SECOND)
    return [
        RollupRow(
            device="meter-1",
            system=POINT_SYSTEM,
            code="power",
            unit="kW",
            simulated=True,
            start=Instant(start - place * 300 * SECOND),
            count=5,
            low=11.0,
            high=13.0 + place % 3,
            mean=12.0 + place % 2,
            first=12.0,
            last=12.0,
        )
        for place in [*range(1, 12), *range(24, 36)]
    ]


class _SignedIn(Recognizing):
    """Everybody has a session, as in a browser: what is posted needs its token."""

    def caller(
        self, _headers: Mapping[bytes, bytes], address: str, *, secure: bool, active: bool
    ) -> Caller:
        del secure, active
        return Caller(self.who, Means.COOKIE, address, self.who.id, form_token="of-it")  # noqa: S106 - of a test


async def _furnish() -> MemorySite:
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
    site.store.rows = _trend(now)
    site.store.put_aside(
        Quarantined(
            RawId(7), "lab-line", "chemistry-1", QuarantineReason.UNKNOWN_CODE, "ALT", "no", now
        )
    )
    site.hits = [Hit("王伟", "/results", "00012345")]
    site.configuration = Configuration(
        "devices.yaml",
        {"links": {"bus": {"host": "10.0.0.1"}}},
        {"links": {"bus": {"host": "10.0.0.2"}}},
        reload={"links_restarted": ["bus"]},
    )
    return site


@asynccontextmanager
async def _pages(site: MemorySite, port: int) -> AsyncIterator[str]:
    console = Console(site)
    app_of = open_app(site, console.routes(), console.error_page, gate=_SignedIn())
    async with app_of as app, served(app, port) as at:
        try:
            yield at
        finally:
            app.end_streams()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def site() -> MemorySite:
    return await _furnish()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, site: MemorySite) -> AsyncIterator[Tab]:
    async with _pages(site, free_port()) as home, tab(browser, home) as opened:
        yield opened
        assert opened.foreign == []


async def test_values_change_on_the_page_without_a_reload(page: Tab, site: MemorySite) -> None:
    await page.go("/devices?view=cards", lang="en")
    await page.shows('[data-point="meter-1/power"]', "12.50")
    site.poll(measured("meter-1", "power", "13.75", "kW", at=site.now(), raw_id=8))
    await page.shows('[data-point="meter-1/power"]', "13.75")
    link = page.page.locator('[data-point="meter-1/power"] a')
    assert await link.get_attribute("href") == "/messages/8"
    assert page.complaints == []


async def test_a_device_that_falls_silent_is_seen_at_once(page: Tab, site: MemorySite) -> None:
    await page.go("/", lang="en")
    site.registry.move("meter-1", DeviceState.OFFLINE, site.now(), "no answer from unit 3")
    await page.shows(".attention", "no answer from unit 3")
    await page.shows("h1", "1 of 3 devices does not answer.")
    await page.go("/devices?view=cards")
    await page.shows('[data-device="meter-1"] .state', "offline")
    await page.shows('[data-point="meter-1/power"]', "stale")
    await page.shows('[data-point="meter-1/power"]', "12.50")


@pytest.mark.parametrize(
    ("language", "told", "back"),
    [("zh-CN", "已 60 秒没有消息", "在线"), ("en", "not heard of for 60 s", "online")],
)
async def test_a_reason_comes_in_the_pages_language(
    page: Tab, site: MemorySite, language: str, told: str, back: str
) -> None:
    await page.go("/devices", lang=language)
    assert told not in await page.page.inner_text("body")
    site.registry.move("meter-1", DeviceState.OFFLINE, site.now(), "not heard of for 60 s")
    await page.shows('[data-device="meter-1"] [data-reason]', told)
    site.registry.move("meter-1", DeviceState.ONLINE, site.now())
    await page.shows('[data-device="meter-1"] [data-state-word]', back)
    await page.page.locator('[data-device="meter-1"] [data-reason]').wait_for(state="hidden")


async def test_what_happens_appears_on_the_overview(page: Tab, site: MemorySite) -> None:
    await page.go("/", lang="en")
    await page.shows(".recent", "Potassium")
    async with page.page.expect_request(lambda asked: "x-background" in asked.headers):
        await site.hear(found("2345-7", "9.88", at=site.now(), specimen="S7"))
    await page.shows(".recent tr:first-child", "9.88")


async def test_from_a_value_to_its_bytes_to_its_event_and_back(page: Tab) -> None:
    await page.go("/devices/meter-1", lang="en")
    await page.page.click('[data-point="meter-1/power"] td a')
    await page.shows(".dump", "SOH")
    assert "".join(await page.texts(".dump td:nth-child(2) span"))[:14] == "01030204e20d0a"
    await page.page.click('tr:has-text("Active power") a[href^="/events/"]')
    await page.shows(".facts", "12.50")
    await page.page.click('.crumbs a[href="/devices/meter-1"]')
    await page.shows("h1", "Linac meter")


async def test_a_part_shows_its_bytes_and_a_byte_its_part(page: Tab) -> None:
    await page.go("/messages/7", lang="en")
    await page.page.locator("[data-part]").nth(3).click()
    assert await page.texts(".dump span.chosen") == ["0d", "0a"]
    await page.page.click('.dump span[data-at="3"]')
    assert await page.texts("[data-part][data-chosen]") == ["Register 1\n1250"]
    await page.page.locator("[data-bytes-pane]").focus()
    for _ in range(3):
        await page.page.keyboard.press("ArrowLeft")
    assert await page.texts("[data-part][data-chosen]") == ["Unit\n1"]
    assert page.complaints == []


async def test_the_line_is_shown_as_it_happens_paused_and_copied(
    page: Tab, site: MemorySite
) -> None:
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.go("/devices/meter-1", lang="en")
    await page.page.wait_for_function("document.querySelector('#tail')")
    while not site.taps._watchers.get("bus"):
        await page.page.wait_for_timeout(20)
    site.taps.show("bus", Direction.IN, b"\x02meter\x03\x80")
    await page.shows("#tail .hex", "02 6d 65 74 65 72 03 80")
    await page.shows("#tail .chars", "STXmeterETX·")
    await page.page.click("#tail-copy")
    await page.shows("#tail-copy", "Copied")
    assert "02 6d 65 74" in await page.value("navigator.clipboard.readText()")
    await page.page.click("#tail-pause")
    await page.shows("#tail-pause", "Go on")
    site.taps.show("bus", Direction.IN, b"unseen")
    await page.page.click("#tail-pause")
    site.taps.show("bus", Direction.IN, b"seen")
    await page.shows("#tail .chars", "seen")
    assert not any("unseen" in each for each in await page.texts("#tail .chars"))


async def test_any_page_device_or_patient_is_a_few_keys_away(page: Tab) -> None:
    keyboard = page.page.keyboard
    await page.go("/events", lang="en")
    await keyboard.press("Control+k")
    await keyboard.type("climate")
    await keyboard.press("Enter")
    await page.shows("h1", "Vault climate")
    await page.page.wait_for_load_state()
    await keyboard.press("Control+k")
    await page.page.locator("#palette").wait_for()
    await keyboard.press("Escape")
    assert not await page.page.locator("#palette").is_visible()
    await keyboard.press("Control+k")
    await keyboard.type("王伟")
    await page.shows("#palette li:not([hidden])", "00012345")
    await keyboard.press("Enter")
    await page.shows("h1", "Results")
    await page.page.wait_for_load_state()
    await keyboard.press("Control+k")
    await keyboard.type("e")
    for _ in range(3):
        await keyboard.press("ArrowDown")
    await keyboard.press("ArrowUp")
    chosen = page.page.locator('#palette [aria-selected="true"]')
    assert await chosen.count() == 1
    assert await page.value(
        "document.querySelector('#palette input').getAttribute('aria-activedescendant')"
    ) == await chosen.get_attribute("id")
    assert page.complaints == []


async def test_a_table_is_worked_by_keyboard(page: Tab) -> None:
    keyboard = page.page.keyboard
    await page.go("/devices", lang="en")
    await page.page.locator("thead a.sort").first.focus()
    await keyboard.press("Enter")
    await page.page.locator('th[aria-sort="ascending"]').wait_for()
    names = await page.texts("tbody td:first-child a")
    assert names == sorted(names)
    await page.page.locator("tbody tr").first.focus()
    first = await page.value(HERE)
    await keyboard.press("ArrowDown")
    await keyboard.press("End")
    await keyboard.press("Home")
    assert await page.value(HERE) == first
    await keyboard.press("Enter")
    await page.shows("h1", names[0])
    await page.go("/devices")
    await page.page.select_option('select[name="state"]', "waiting")
    await page.page.wait_for_url(re.compile(r"\?state=waiting$"))
    assert len(await page.texts("tbody tr")) == 2


async def test_a_lost_connection_is_said_and_its_return_too(
    browser: Browser, site: MemorySite
) -> None:
    port = free_port()
    async with tab(browser, f"http://127.0.0.1:{port}") as page:
        async with _pages(site, port):
            await page.go("/devices?view=cards", lang="en")
            await page.shows('[data-point="meter-1/power"]', "12.50")
        await page.shows("#lost", "No live values since")
        async with _pages(site, port):
            await page.page.locator("#lost").wait_for(state="hidden")
            site.poll(measured("meter-1", "power", "14", "kW", at=site.now()))
            await page.shows('[data-point="meter-1/power"]', "14")


async def test_a_new_result_appears_by_itself_and_the_keyboard_stays_where_it_is(
    page: Tab, site: MemorySite
) -> None:
    await page.go("/results", lang="en")
    await page.shows("#result-3", "critically high")
    await page.page.locator("#result-3").focus()
    await site.hear(found("2345-7", "3.30", at=site.now(), specimen="S9", flags=("L",)))
    await page.shows(".results tbody tr:first-child", "3.30")
    assert await page.value(HERE) == "result-3"
    for key in ("ArrowUp", "ArrowDown", "Enter"):
        await page.page.keyboard.press(key)
    await page.shows("h1", "Sample S1")
    await page.page.click("summary")
    await page.shows(".versions", "5.10")
    await page.page.locator(".versions a").first.click()
    await page.shows("h1", "Message 7")
    assert page.complaints == []


async def test_a_dialogue_names_what_will_happen_before_it_does(
    page: Tab, site: MemorySite
) -> None:
    await page.go("/quarantine", lang="en")
    await page.page.get_by_role("button", name="Set aside").click()
    dialogue = page.page.get_by_role("dialog", name="Set these messages aside")
    await dialogue.wait_for()
    assert "1 message leaves the work list" in await dialogue.inner_text()
    await page.page.keyboard.press("Escape")
    await dialogue.wait_for(state="hidden")
    assert site.asked == []
    await page.page.get_by_role("button", name="Set aside").click()
    await dialogue.get_by_label("Reason").fill("a trial of the maker")
    await dialogue.get_by_role("button", name="Set aside").click()
    await page.shows("#toasts", "Set aside: 1 messages.")
    assert site.asked == ["set aside ALT owner a trial of the maker"]
    await page.page.locator("#toasts [data-dismisses]").click()
    await page.page.locator(".toast").wait_for(state="detached")


async def test_the_quarantine_is_interpreted_again_at_a_button(page: Tab, site: MemorySite) -> None:
    site.outcome = {"resolved": 1, "events": 3, "waiting": {}}
    await page.go("/quarantine", lang="en")
    await page.page.get_by_role("button", name="Interpret again").click()
    await page.shows(".outcome", "1 entry is settled, 3 events were added.")
    assert site.asked == ["interpret chemistry-1 unknown-code owner"]


async def test_a_known_code_fills_in_name_and_unit(page: Tab) -> None:
    await page.go("/quarantine", lang="en")
    link = page.page.get_by_role("link", name="Map this test")
    await page.go(await link.get_attribute("href") or "")
    await page.page.get_by_label("Name in English").fill("My own name")
    await page.page.get_by_label("LOINC code").fill("2823-3")
    await page.page.get_by_label("LOINC code").press("Tab")
    assert await page.page.get_by_label("Name in Chinese").input_value() == "钾"
    assert await page.page.get_by_label("Name in English").input_value() == "My own name"
    assert await page.page.get_by_label("Unit (UCUM)").input_value() == "mmol/L"
    await page.page.get_by_role("button", name="Show what stored").click()
    await page.shows(".fault", "already stands for it")
    await page.page.wait_for_function("document.activeElement.id === 'code'")


async def test_a_chart_is_drawn_in_the_colours_of_the_page(page: Tab) -> None:
    for theme in GROUNDS:
        await page.go("/devices/meter-1/trend/power", lang="zh-CN", theme=theme)
        await page.page.locator("[data-chart][data-drawn]").wait_for()
        assert page.complaints == []
        pixel = await page.value(
            """() => {
              const find = (root) => root.querySelector("canvas")
                ?? [...root.querySelectorAll("*")].map((e) => e.shadowRoot && find(e.shadowRoot))
                  .find(Boolean);
              const canvas = find(document.querySelector("[data-chart]"));
              const [r, g, b] = canvas.getContext("2d").getImageData(4, 4, 1, 1).data;
              return `rgb(${r}, ${g}, ${b})`;
            }"""
        )
        assert pixel == await page.value(
            "getComputedStyle(document.querySelector('[data-chart]')).backgroundColor"
        )


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_page_reads_well(
    page: Tab, site: MemorySite, language: str, theme: str
) -> None:
    site.registry.move("meter-1", DeviceState.OFFLINE, site.now(), "no answer from unit 3")
    judged = (language, theme) in [("zh-CN", "light"), ("en", "dark")] or count(0, 1)
    for path in PAGES:
        await page.go(path, lang=language, theme=theme)
        assert await page.value("document.documentElement.lang") == language
        ground = await page.value("getComputedStyle(document.body).backgroundColor")
        assert ground == GROUNDS[theme], path
        assert await page.small_targets() == [], path
        if judged:
            assert await page.axe() == [], path
    assert [each for each in page.complaints if "404" not in each] == []


@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (640, "en")])
async def test_nothing_is_lost_on_a_phone_or_at_twice_the_size(
    browser: Browser, site: MemorySite, width: int, language: str
) -> None:
    size = {"width": width, "height": 844}
    async with _pages(site, free_port()) as home, tab(browser, home, viewport=size) as page:
        for path in PAGES:
            await page.go(path, lang=language)
            assert await page.value("document.documentElement.scrollWidth") <= width, path
            assert await page.too_wide() == [], path
        await page.go("/")
        await page.page.click("button.menu")
        await page.page.click('#nav a[href="/events"]')
        await page.page.wait_for_url(re.compile("/events"))
        assert page.foreign == []


async def test_paper_carries_the_page_and_not_its_tools(page: Tab) -> None:
    await page.go("/devices", lang="en")
    await page.page.emulate_media(media="print")
    for gone in (".side", ".tools", ".filter"):
        assert not await page.page.locator(gone).first.is_visible(), gone
    assert await page.page.locator("table").is_visible()
    assert await page.value("getComputedStyle(document.body).display") == "block"
