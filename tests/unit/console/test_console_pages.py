from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.requests import Request

from gateway.api import open_app
from gateway.console import Console
from gateway.console.kit.render import Renderer
from gateway.console.pages.devices import Devices
from gateway.console.pages.shown import cards
from gateway.driver import Part, Whole
from gateway.model import (
    Coding,
    Instant,
    Kind,
    Quality,
    Quarantined,
    QuarantineReason,
    RawId,
    Value,
)
from gateway.profile import Point
from gateway.registry import DeviceState
from gateway.room import rule_of
from gateway.supervisor import LinkState, LinkStatus
from gateway.testing import Recognizing
from gateway.web import Readiness
from tests.unit.api.memory_site import (
    METER,
    NOON,
    MemorySite,
    analyzer,
    device,
    found,
    furnished,
    measured,
    wire,
)

PAGES = [
    "/",
    "/devices",
    "/devices?view=cards",
    "/devices/meter-1",
    "/devices/meter-1/trend/power",
    "/messages",
    "/messages/7",
    "/events",
    "/quarantine",
    "/results",
    "/samples/chemistry-1/S1",
]


_SCOPE = {
    "type": "http",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "headers": [],
    "server": ("localhost", 80),
    "scheme": "http",
}


@pytest.fixture
async def site() -> MemorySite:
    site = furnished(None, analyzer())
    site.store.keep(wire(7, b"\x02ok\x03"))
    await site.hear(
        measured("meter-1", "power", "12.50", "kW", raw_id=7), found("2823-3", "4.1", raw_id=7)
    )
    return site


@pytest.fixture
async def http(site: MemorySite) -> AsyncIterator[httpx.AsyncClient]:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"accept": "text/html"}
        ) as client:
            yield client


async def _text(http: httpx.AsyncClient, path: str, status: int = 200) -> str:
    response = await http.get(path)
    assert response.status_code == status, path
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response.text


async def test_every_page_is_served_whole_in_both_languages(http: httpx.AsyncClient) -> None:
    for path in PAGES:
        for tag, word in (("en", "Overview"), ("zh-CN", "总览")):
            page = await _text(http, f"{path}{'&' if '?' in path else '?'}lang={tag}")
            assert f'<html lang="{tag}"' in page
            assert word in page
            assert page.rstrip().endswith("</html>")


async def test_no_page_carries_script_or_style_of_its_own(http: httpx.AsyncClient) -> None:
    for path in [*PAGES, "/nothing"]:
        page = (await http.get(path)).text
        assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []
        assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []
        assert re.findall(r"https?://(?!www\.w3\.org)", page) == []


async def test_a_device_shows_state_value_unit_age_and_quality(http: httpx.AsyncClient) -> None:
    page = await _text(http, "/devices?view=cards&lang=en")
    card = page.partition('data-device="meter-1"')[2].partition("</article>")[0]
    tile = card.partition('data-point="meter-1/power"')[2].partition('data-point="')[0]
    assert "online" in card
    for part in ("Active power", "12.50", "kW", "good", "0 s"):
        assert part in tile


async def test_a_card_shows_the_main_points_of_a_profile_first() -> None:
    site = MemorySite()
    points = {f"p{place}": Point(code=f"code-{place}") for place in range(9)}
    named = METER.model_copy(update={"points": points, "main": ("p7", "p2")})
    unnamed = METER.model_copy(update={"points": points})
    entries = [device("one", "One", named, "bus"), device("two", "Two", unnamed, "bus")]
    site.furnish([("modbus", entry) for entry in entries])
    page = Devices(site, renderer := Renderer(site))
    cards_ = {card.id: card for card in cards(site, renderer.reader(Request(_SCOPE)))}
    assert [tile.code for tile in cards_["one"].front] == ["code-7", "code-2"]
    assert [tile.code for tile in cards_["two"].front] == [f"code-{place}" for place in range(6)]
    request = Request({**_SCOPE, "query_string": b"view=cards"})
    html = bytes((await page.page(request)).body).decode()
    assert "还有 7 个数值" in html


async def test_a_value_leads_to_its_bytes_in_one_click(http: httpx.AsyncClient) -> None:
    page = await _text(http, "/devices/meter-1?lang=en")
    address = re.search(r'href="(/messages/7[^"]*)"', page)
    assert address is not None
    message = await _text(http, address[1])
    assert "<i>STX</i><b>o</b><b>k</b><i>ETX</i>" in re.sub(r' data-at="\d+"', "", message)
    assert "12.50" in message
    assert 'href="/devices/meter-1"' in message


async def test_a_silent_device_needs_a_person_and_its_values_are_stale(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    site.registry.move("meter-1", DeviceState.OFFLINE, NOON, "no answer from unit 3")
    page = await _text(http, "/?lang=en")
    assert "1 of 3 devices does not answer." in page
    assert page.count("no answer from unit 3") == 1
    values = await _text(http, "/devices?view=cards&lang=en")
    assert "no answer from unit 3" in values
    assert 'data-point="meter-1/power" data-quality="stale"' in values
    assert "12.50" in values


async def test_devices_that_went_with_their_link_are_one_line_under_it(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    for status in site.registry:
        site.registry.move(status.entry.id, DeviceState.OFFLINE, NOON, "no answer")
    line = next(iter(site.registry)).entry.link
    count = sum(status.entry.link == line for status in site.registry)
    lost = LinkStatus(line, "modbus", LinkState.DOWN, NOON, "the cable is cut", 1)
    site.links = lambda: [lost]  # type: ignore[method-assign]
    page = await _text(http, "/?lang=en")
    told = f"the cable is cut · {count} device{'' if count == 1 else 's'} with it"
    assert page.count(told) == 1
    assert page.count("no answer") == len(list(site.registry)) - count


async def test_a_value_not_heard_of_is_said_to_be_so(http: httpx.AsyncClient) -> None:
    page = await _text(http, "/devices/room-1?lang=en")
    assert page.count("not heard of yet") == 2


async def test_withheld_acknowledgements_stand_on_top(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    site.state = Readiness(ready=False, reason="no space left on the disk")
    page = await _text(http, "/?lang=en")
    assert "Nothing is being stored; acknowledgements are withheld." in page
    assert "no space left on the disk" in page


async def test_a_coded_value_is_shown_in_words(site: MemorySite, http: httpx.AsyncClient) -> None:
    door = measured("meter-1", "door", "1", "")
    value = Value("1", 1.0, code=Coding("urn:isogate:point", "open"))
    await site.store.add(replace(door, kind=Kind.STATE, value=value))
    assert ">open<" in await _text(http, "/devices/meter-1?lang=en")
    assert ">打开<" in await _text(http, "/devices/meter-1?lang=zh")


async def test_what_a_device_sends_cannot_become_markup(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    evil = "<script>alert(1)</script>"
    event = replace(measured("meter-1", "power", "1", evil), value=Value(evil))
    await site.store.add(replace(event, code=Coding("x", evil)))
    site.store.keep(replace(wire(8, evil.encode()), session=evil, device=evil))
    reason = QuarantineReason.UNKNOWN_CODE
    site.store.put_aside(Quarantined(RawId(8), evil, evil, reason, evil, evil, NOON))
    for path in ["/", "/devices/meter-1", "/events", "/messages", "/messages/8", "/quarantine"]:
        assert "<script>alert" not in await _text(http, path)


async def test_quarantine_says_why_and_leads_to_the_bytes(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    assert "Nothing is in quarantine." in await _text(http, "/quarantine?lang=en")
    reason = QuarantineReason.UNKNOWN_CODE
    site.store.put_aside(
        Quarantined(RawId(7), "bus", "meter-1", reason, "co2", "no such point", NOON)
    )
    page = await _text(http, "/quarantine?lang=en")
    assert "unknown code" in page
    assert 'href="/messages/7"' in page
    assert "未知代码" in await _text(http, "/quarantine?lang=zh")


async def test_a_message_is_shown_part_by_part_in_the_readers_language(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    assert "data-anatomy" not in await _text(http, "/messages/7")
    inner = Part("Register 1", 1, 3, "<b>1250</b>")
    site.parts[7] = (Part({"en": "Data", "zh-CN": "数据"}, 0, 4, "", (inner,)),)
    page = await _text(http, "/messages/7?lang=zh")
    assert 'data-start="0" data-end="4"><span class="part-label">数据</span>' in page
    assert "&lt;b&gt;1250&lt;/b&gt;" in page
    assert "Data" in await _text(http, "/messages/7?lang=en")


async def test_a_message_in_several_records_is_shown_whole_with_its_own_part_marked(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    assert "The whole transfer" not in await _text(http, "/messages/7?lang=en")
    inner = Part("R-4 value", 6, 9, "<5.2>")
    parts = (
        Part("H Header", 0, 4, "H"),
        Part({"en": "Result", "zh-CN": "结果"}, 4, 9, "R", (inner,)),
    )
    site.wholes[7] = Whole(parts, ((RawId(6), 4), (RawId(7), 8), (RawId(8), 9)))
    page = await _text(http, "/messages/7?lang=en")
    header, result = page.split('<ol class="pieces">')[1].split("</ol>")[0].split("Result")
    assert 'href="/messages/6"' in header
    assert header.count('class="own"') == 1
    assert "&lt;5.2&gt;" in result
    assert "this message" in result
    assert 'href="/messages/8"' in result
    assert "整次传输" in await _text(http, "/messages/7?lang=zh")


async def test_a_record_of_very_many_parts_is_cut_and_says_so(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    site.parts[7] = [Part("x", 0, 1, "long" * 100) for _ in range(2_001)]
    page = await _text(http, "/messages/7?lang=en")
    assert page.count("data-part ") == 2_000
    assert "more parts than are shown" in page
    assert "long" * 76 not in page


async def test_events_page_back_from_the_newest(site: MemorySite, http: httpx.AsyncClient) -> None:
    events = [measured("meter-1", "power", str(n), "kW", at=Instant(NOON + n)) for n in range(120)]
    await site.store.add(*events)
    shown: list[int] = []
    path = "/events?lang=en"
    for _ in range(3):
        page = await _text(http, path)
        shown += [int(seq) for seq in re.findall(r'data-href="/events/(\d+)"', page)]
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert shown == list(range(122, 0, -1))
    assert path == ""


async def test_a_rare_devices_events_are_found_behind_many_others(
    site: MemorySite, http: httpx.AsyncClient
) -> None:
    await site.store.add(measured("room-1", "humidity", "40", "%"))
    events = [measured("meter-1", "power", str(n), "kW", at=Instant(NOON + n)) for n in range(2000)]
    await site.store.add(*events)
    page = await _text(http, "/events?device=room-1&lang=en")
    assert re.findall(r'data-href="/events/(\d+)"', page) == ["3"]


async def test_a_choice_of_language_and_theme_is_kept(http: httpx.AsyncClient) -> None:
    assert 'lang="zh-CN"' in await _text(http, "/")
    await _text(http, "/?lang=en&theme=dark")
    page = await _text(http, "/events")
    assert '<html lang="en" data-theme="dark"' in page


async def test_a_switch_keeps_where_the_reader_is(http: httpx.AsyncClient) -> None:
    page = await _text(http, "/events?device=meter-1&lang=en")
    assert 'href="/events?device=meter-1&amp;lang=zh-CN"' in page


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/devices/nobody", "Unknown device"),
        ("/messages/99999", "Unknown message"),
        ("/messages/x", "Unknown message"),
        ("/nothing", "Nothing here"),
        ("/devices/nobody/trend/power", "Unknown device"),
    ],
)
async def test_an_error_is_a_page_that_leads_back(
    http: httpx.AsyncClient, path: str, title: str
) -> None:
    page = await _text(http, f"{path}?lang=en", 404)
    assert f"<h1>{title}</h1>" in page
    assert 'class="button primary" href="/"' in page


async def test_an_error_speaks_the_readers_language(http: httpx.AsyncClient) -> None:
    page = await _text(http, "/devices/nobody?lang=zh", 404)
    assert "未知设备" in page
    assert "本院区没有编号为 nobody 的设备。" in page


async def test_a_site_without_devices_says_how_to_add_one() -> None:
    site = MemorySite()
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            page = (await client.get("/?lang=en")).text
    assert "Add one to devices.yaml" in page


async def test_bad_and_uncertain_values_say_so(site: MemorySite, http: httpx.AsyncClient) -> None:
    await site.store.add(
        measured("room-1", "humidity", "140", "%", quality=Quality.BAD),
        measured("room-1", "temperature", "20", "Cel", quality=Quality.UNCERTAIN),
    )
    page = await _text(http, "/devices/room-1?lang=en")
    assert "quality-bad" in page
    assert "quality-uncertain" in page


async def test_every_page_declares_its_access_rule(site: MemorySite) -> None:
    console = Console(site)
    async with open_app(site, console.routes(), console.error_page, gate=Recognizing()) as app:
        assert all(rule_of(route) is not None for route in app.routes)
