"""The pages of plans and sessions, with something in them, in Chromium and on a phone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml

from gateway.api import open_app
from gateway.app.serve import ServeOptions, open_gateway
from gateway.console import Console
from gateway.model import from_datetime
from gateway.room import OWNER, Permission, Principal
from gateway.testing import Recognizing
from simulators.rt import (
    ARC,
    STATIC,
    Course,
    Machine,
    Part,
    approved,
    dose,
    images,
    plan,
    record,
    structure_set,
)
from simulators.rt import store as send
from tests.acceptance.browser import chromium, served, tab
from tests.acceptance.test_dicom_pages import LOOKS, PICTURES
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, free_port, full_run, port_answers, wait_until
from tps_bridge.book import Book
from tps_bridge.face import course_id
from tps_bridge.session.desk import SessionDesk

pytestmark = [pytest.mark.peer, pytest.mark.acceptance]

WEI, LAN = (
    Principal(f"person:{name}", name, frozenset({Permission.READ_PLANS, Permission.NOTE_FRACTIONS}))
    for name in ("wei", "lan")
)
SITE = {
    "site": {
        "id": "trial",
        "name": {"zh-CN": "示例医院", "en": "Example Hospital"},
        "time_zone": "Asia/Shanghai",
    },
    "tps": {"machines": {"LINAC1": {"level": "gated"}, "LINAC2": {"level": "observed"}}},
}


@pytest.fixture
async def walk(tmp_path: Path) -> AsyncIterator[tuple[str, list[str]]]:
    """Where the pages are served, and their addresses."""
    port = free_port()
    node = {
        "listeners": [{"port": port}],
        "titles": {OURS: {"allow": "anyone"}},
        "storage": {"min_free": 10**6},
    }
    file = tmp_path / "devices.yaml"
    file.write_text(yaml.safe_dump({**SITE, "dicom": node}, allow_unicode=True))
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    today = now.replace(tzinfo=None)
    course = Course(points=9, pairs=20, fractions=4)
    arcs = approved(plan(ARC, course))
    volumes = (*images(course), structure_set(course), dose(arcs, course))
    fields = plan(STATIC, Course(points=3, pairs=8, fractions=3, label="BOOST", machine="LINAC2"))
    given = record(
        arcs,
        1,
        [Part(1), Part(2, 0, 60, termination="MACHINE")],
        at=today - timedelta(days=1),
        machine=Machine(leaf=1.5),
    )
    stray = record(plan(ARC), 1, [Part(1)], at=today)
    unnumbered = record(arcs, 1, [Part(2, 60, 100, "CONTINUATION")], at=today)
    del unnumbered.TreatmentSessionBeamSequence[0].CurrentFractionNumber
    async with open_gateway(ServeOptions(file, tmp_path / "data")) as gateway:
        await asyncio.to_thread(wait_until, lambda: port_answers(port), within=30, what="the node")
        sent = [arcs, fields, given, stray, unnumbered, *volumes]
        assert set(await asyncio.to_thread(send, sent, LOOPBACK, port, OURS)) == {0}
        book = gateway.rooms.neighbour(Book)
        while not (
            len(await book.plans()) == 2
            and await book.strays()
            and await book.uncounted()
            and await book.doses(str(arcs.SOPInstanceUID))
        ):
            await book.news()
        desk = gateway.rooms.neighbour(SessionDesk)
        sessions = [
            await desk.schedule(OWNER, str(each.SOPInstanceUID), 1, from_datetime(now))
            for each in (arcs, fields)
        ]
        (row, *_) = [e for e in await book.plans() if e.card.label != "BOOST"]
        his = f"/courses/{course_id(row.card.identity, row.card.uid)}"
        one = f"/plans/{arcs.SOPInstanceUID}"
        addresses = [
            *("/courses", his, "/courses/problems"),
            *(one, f"/plans/{fields.SOPInstanceUID}"),
            f"{one}/dose",
            f"{one}/difference?record={given.SOPInstanceUID}",
            *("/sessions", *(f"/sessions/{each.id}" for each in sessions)),
        ]
        console = Console(gateway)
        pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
        gate = Recognizing()
        async with (
            open_app(gateway, pages, console.error_page, gate=gate) as app,
            served(app, free_port()) as home,
        ):
            await by_hand(home, gate, f"{today:%Y-%m-%dT%H:%M}", [each.id for each in sessions])
            yield home, addresses
            app.end_streams()


async def by_hand(home: str, gate: Recognizing, at: str, sessions: Sequence[str]) -> None:
    """A record that is to be taken back, and one that nobody confirmed yet."""
    form = {"at": at, "ended": "normal", "reason": "the record server is down"}
    async with httpx.AsyncClient(base_url=home, follow_redirects=True) as browser:

        async def post(who: Principal, path: str, **values: str) -> None:
            gate.who = who
            answer = await browser.post(f"/sessions/{path}", data=values)
            assert answer.status_code == 200, answer.text

        async def number(session: str, name: str) -> str:
            page = await browser.get(f"/sessions/{session}", headers={"accept": "text/html"})
            (found,) = set(re.findall(rf'name="{name}" value="(\d+)"', page.text))
            return str(found)

        for session in sessions:
            await post(WEI, f"{session}/hand", **{"beam-2": "30"}, **form)
        first, _ = sessions
        gate.who = LAN
        given = await number(first, "given")
        await post(LAN, f"{first}/hand/confirm", given=given)
        await post(WEI, f"{first}/hand/take-back", given=given, reason="another patient's")
        gate.who = OWNER


@pytest.mark.parametrize(("language", "theme"), LOOKS if full_run() else LOOKS[:2])
async def test_every_page_stands_in_both_languages_and_themes(
    walk: tuple[str, list[str]], language: str, theme: str
) -> None:
    home, addresses = walk
    found: list[str] = []
    async with chromium() as browser:
        for address in addresses:
            async with tab(browser, home, color_scheme=theme) as it:
                await it.go(address, lang=language)
                await it.page.locator("h1").wait_for()
                faults = await it.axe() + await it.small_targets() + await it.too_wide()
                found += [f"{address}: {each}" for each in (*faults, *it.complaints, *it.foreign)]
                if PICTURES:
                    name = address.split("?")[0].replace("/", "-")[-48:]
                    shot = Path(PICTURES) / f"{name}-{language}-{theme}.png"
                    await it.page.screenshot(path=shot, full_page=True)
    assert found == []


async def test_a_phone_shows_every_page_without_scrolling_sideways(
    walk: tuple[str, list[str]],
) -> None:
    home, addresses = walk
    found: list[str] = []
    async with chromium() as browser:
        for address in addresses:
            async with tab(browser, home, viewport={"width": 390, "height": 844}) as it:
                await it.go(address, lang="zh-CN")
                await it.page.locator("h1").wait_for()
                found += [f"{address}: {each}" for each in await it.too_wide()]
    assert found == []


async def test_the_arrows_turn_the_planes_of_a_dose(walk: tuple[str, list[str]]) -> None:
    home, addresses = walk
    (address,) = [each for each in addresses if each.endswith("/dose")]
    async with chromium() as browser, tab(browser, home) as it:
        await it.go(f"{address}?plane=11", lang="en")
        await it.page.locator("#slice").focus()
        for key, place in (("ArrowUp", "37.0"), ("ArrowUp", "40.0"), ("ArrowDown", "37.0")):
            await it.page.keyboard.press(key)
            await it.shows(".leaves", f"z {place} mm")
            await it.page.wait_for_function("() => document.activeElement.id === 'slice'")
        await it.page.get_by_label("BODY").uncheck()
        await it.shows("figure:not(:has(.roi:nth-of-type(4)))", "z 37.0 mm")
        assert await it.page.locator(".roi").count() == 3
        assert it.complaints == []
