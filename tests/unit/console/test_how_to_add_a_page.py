"""The room of docs/how-to/add-a-page.md, run as it stands there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import httpx
import pytest

from gateway.api import open_app
from gateway.console import Console
from gateway.room import Entry, Room
from gateway.testing import Recognizing
from gateway.testing.room import MemoryRoomPorts, room_context
from tests.unit.api.memory_site import MemorySite, furnished

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "add-a-page.md"


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


class _WardSite(MemorySite):
    room: Room

    def navigation(self) -> tuple[Entry, ...]:
        return self.room.navigation

    def packages(self) -> tuple[str, ...]:
        return ("ward",)


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    home = tmp_path / "ward"
    (home / "templates" / "ward").mkdir(parents=True)
    (home / "locale").mkdir()
    (home / "__init__.py").write_text(_block("python"))
    (home / "templates" / "ward" / "beds.html").write_text(_block("jinja"))
    (home / "locale" / "zh-CN.po").write_text('msgid "Beds"\nmsgstr "床位"\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    room = import_module("ward").room
    assert isinstance(room, Room)
    return room


@pytest.fixture
def ports() -> MemoryRoomPorts:
    return MemoryRoomPorts()


@pytest.fixture
async def http(
    ward: Room, ports: MemoryRoomPorts, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    furniture = furnished()
    site = _WardSite()
    site.registry = furniture.registry
    site.room = ward
    console = Console(site)
    async with ward.open(room_context(tmp_path, ports)) as running:
        assert running.routes is not None
        pages = [*console.routes(), *running.routes(console.kit)]
        async with open_app(site, pages, console.error_page, gate=Recognizing()) as app:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport,
                base_url="http://localhost",
                headers={"accept": "text/html"},
                follow_redirects=True,
            ) as client:
                yield client


def _beds(page: str) -> list[str]:
    return re.findall(r'data-href="/beds\?q=(\w+)"', page)


async def test_the_table_sorts_filters_and_pages_by_its_address(http: httpx.AsyncClient) -> None:
    assert _beds((await http.get("/beds?lang=en")).text) == ["A1", "B7"]
    page = (await http.get("/beds?sort=-name")).text
    assert _beds(page) == ["B7", "A1"]
    assert 'aria-sort="descending"' in page
    assert _beds((await http.get("/beds?floor=2")).text) == ["B7"]
    assert _beds((await http.get("/beds?q=a1")).text) == ["A1"]
    assert "Nothing fits this choice." in (await http.get("/beds?q=zz")).text


async def test_the_same_rows_come_as_a_file(http: httpx.AsyncClient) -> None:
    answer = await http.get("/beds?format=csv&sort=patients&lang=en")
    assert answer.content.decode("utf-8-sig").splitlines() == ["Bed,Patients", "B7,0", "A1,2"]


async def test_a_faulty_form_keeps_what_was_entered(
    http: httpx.AsyncClient, ports: MemoryRoomPorts
) -> None:
    answer = await http.post("/beds?lang=en", data={"name": " ", "floor": "3"})
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="name-fault"' in answer.text
    assert "This is needed." in answer.text
    assert 'value="3"' in answer.text
    assert ports.events == []


async def test_what_was_done_is_an_event_and_is_said_once(
    http: httpx.AsyncClient, ports: MemoryRoomPorts
) -> None:
    answer = await http.post("/beds?lang=en", data={"name": "C3"})
    assert (answer.status_code, answer.url.path) == (200, "/beds")
    assert "Bed C3 is added." in answer.text
    assert "Bed C3 is added." not in (await http.get("/beds?lang=en")).text
    assert [event.code.code for event in ports.events] == ["ward.add"]


async def test_the_page_stands_in_the_navigation_in_both_languages(
    http: httpx.AsyncClient,
) -> None:
    assert re.search(
        r'href="/beds" aria-current="page".*?<span>Beds<', (await http.get("/beds?lang=en")).text
    )
    assert "<h1>床位</h1>" in (await http.get("/beds?lang=zh")).text
