"""Pages, API and live stream of the alarms over the room in memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from gateway.alarms import Standing, Step
from gateway.alarms.pages import Pages
from gateway.alarms.panel import AlarmPanel
from gateway.api import open_app
from gateway.console import Console
from gateway.model import Micros
from gateway.room import OWNER, Level
from gateway.testing import MemoryAuditor, Recognizing
from tests.unit.alarms.alarm_case import HIGH, LINK, SECOND, AlarmSite, measured, system
from tests.unit.api.memory_site import MemorySite

S = TypeVar("S")
JSON = {"accept": "application/json"}


class AlarmView(MemorySite):
    """The console's view of a site whose alarms are those of the room."""

    panel: AlarmPanel

    def packages(self) -> tuple[str, ...]:
        return ("gateway.alarms",)

    def subscriber(self, kind: type[S]) -> S:
        return self.panel if isinstance(self.panel, kind) else super().subscriber(kind)


@dataclass(slots=True)
class Bench:
    """The room, its pages, and a browser; `fold` lets the room catch up while one waits."""

    site: AlarmSite
    http: httpx.AsyncClient
    audit: MemoryAuditor
    pages: Pages

    async def do(self, method: str, path: str, **more: object) -> httpx.Response:
        asking = asyncio.create_task(self.http.request(method, path, **more))  # type: ignore[arg-type]
        while not asking.done():
            await asyncio.sleep(0)
            await self.site.ports.feed(self.site.desk, self.site.detector)
        return await asking

    async def text(self, path: str) -> str:
        response = await self.do("GET", path)
        assert response.status_code == 200, path
        return response.text


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    site, audit = AlarmSite(tmp_path), MemoryAuditor()
    async with site.running():
        view = AlarmView(site.clock)
        view.panel = AlarmPanel(
            site.context(audit), site.desk, site.detector, Micros(86_400 * SECOND)
        )
        pages, console = Pages(view.panel), Console(view)
        routes = [*console.routes(), *pages.routes(console.kit)]
        async with open_app(view, routes, console.error_page, gate=Recognizing()) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers={"accept": "text/html"}
            ) as http:
                await site.poll(measured(26, at=site.clock.now(), raw_id=7))
                await site.after(30)
                yield Bench(site, http, audit, pages)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/alarms", ("Supply temperature high", "26 Cel &gt; 25", "Acknowledge")),
        (f"/alarms/{HIGH}", ("What happened", 'href="/messages/7"', "major consequence")),
        ("/alarms/defined", ("chiller-1/pump/is-fault", "link/plant", "&gt; 25 Cel")),
        ("/alarms/history", (HIGH, "unacknowledged")),
        ("/alarms/link/plant", ("Nothing ever happened to it.",)),
    ],
)
async def test_the_pages_say_what_is_wrong(bench: Bench, path: str, words: tuple[str, ...]) -> None:
    page = await bench.text(f"{path}?lang=en")
    for each in words:
        assert each in page, each
    chinese = await bench.text(f"{path}?lang=zh-CN")
    assert "报警" in chinese
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []


async def test_an_alarm_is_acknowledged_from_the_list_and_audited(bench: Bench) -> None:
    answer = await bench.do("POST", f"/alarms/{HIGH}/acknowledge", data={"back": "list"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alarms")
    assert await bench.site.standing() == {HIGH: Standing.ACKNOWLEDGED}
    assert [entry.action for entry in bench.audit.entries] == ["alarms.acknowledge"]
    assert f"/alarms/{HIGH}/acknowledge" not in await bench.text("/alarms")


async def test_a_shelf_needs_a_reason_and_an_end(bench: Bench) -> None:
    bare = await bench.do("POST", f"/alarms/{HIGH}/shelve", data={"until": "soon"})
    assert bare.status_code == 422
    assert ("reason-fault" in bare.text, "until-fault" in bare.text) == (True, True)
    late = {"reason": "repair", "until": "2036-11-23T14:05"}
    await bench.do("POST", f"/alarms/{HIGH}/shelve", data=late)
    assert await bench.site.standing() == {HIGH: Standing.UNACKNOWLEDGED}
    assert "longest" not in await bench.text("/alarms")
    fine = {"reason": "repair", "until": "2026-11-24T08:30"}
    await bench.do("POST", f"/alarms/{HIGH}/shelve", data=fine)
    assert await bench.site.standing() == {HIGH: Standing.SHELVED}
    page = await bench.text("/alarms?lang=en")
    assert "1 alarm is hidden" in page
    assert re.search(r"until 2026-11-24 08:30(:00)?: repair|until 11-24 08:30: repair", page)


async def test_the_list_is_a_file_too_with_what_is_hidden(bench: Bench) -> None:
    await bench.site.say(system(LINK, "down"))
    await bench.site.after(10)
    answer = await bench.do("GET", "/alarms?format=csv&lang=en")
    lines = answer.text.splitlines()
    assert lines[0].startswith("\ufeffPriority,State,Since")
    assert any("suppressed" in line for line in lines)


async def test_the_api_lists_counts_and_acts(bench: Bench) -> None:
    found = (await bench.do("GET", "/api/v1/alarms", headers=JSON)).json()
    (item,) = found["items"]
    assert (item["id"], item["value"], item["limit"], item["raw_id"]) == (HIGH, "26", 25, 7)
    assert found["counts"]["unacknowledged"]["medium"] == 1
    path = f"/api/v1/alarms/{HIGH}"
    shelved = await bench.do(
        "POST", f"{path}/shelve", json={"reason": "repair", "minutes": 5}, headers=JSON
    )
    assert shelved.json()["shelf"]["by"] == OWNER.id
    again = await bench.do(
        "POST", f"{path}/shelve", json={"reason": "repair", "minutes": 5}, headers=JSON
    )
    assert again.status_code == 409
    assert "shelved already" in again.json()["detail"]
    assert (await bench.do("GET", "/api/v1/alarms/no/such", headers=JSON)).status_code == 404
    history = (await bench.do("GET", f"/api/v1/alarms/history?alarm={HIGH}", headers=JSON)).json()
    assert [each["step"] for each in history["items"]] == ["shelve", "activate"]


async def test_what_cannot_be_done_is_said_in_the_readers_words(bench: Bench) -> None:
    answer = await bench.do("POST", f"/alarms/{HIGH}/reset?lang=zh-CN")
    said = await bench.do("GET", answer.headers["location"])
    assert "报警原因仍然存在" in said.text


async def test_the_overview_shows_how_many_want_a_person(bench: Bench) -> None:
    glance = await bench.pages.glance(OWNER)
    assert (glance.tiles[0].value, glance.tiles[0].level) == ("1", Level.MEDIUM)
    assert glance.attention[0].path == f"/alarms/{HIGH}"
    await bench.site.act(HIGH, Step.ACKNOWLEDGE)
    assert (await bench.pages.glance(OWNER)).tiles[0].value == "0"


async def test_a_longer_shelf_than_the_site_allows_is_refused(bench: Bench) -> None:
    body = {"reason": "repair", "until": "2099-01-01T00:00:00Z"}
    answer = await bench.do("POST", f"/api/v1/alarms/{HIGH}/shelve", json=body, headers=JSON)
    assert answer.status_code == 409
    assert answer.json()["title"] == "Not possible now"
