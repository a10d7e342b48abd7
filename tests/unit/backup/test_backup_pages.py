"""`/settings/backups`: what is saved, tried and needed, and ordering more of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from gateway.api import open_app
from gateway.backup import Keeping, Kind
from gateway.backup.pages import Pages
from gateway.console import Console
from gateway.seal import KeyFile, Rotation, suite_named
from gateway.testing import MemoryRoomPorts, Recognizing
from tests.unit.api.memory_site import MemorySite
from tests.unit.backup.backup_case import Site, opened

S = TypeVar("S")
ORIGIN = "http://localhost"


class BackedUpSite(MemorySite):
    def packages(self) -> tuple[str, ...]:
        return ("gateway.backup",)


@asynccontextmanager
async def browsing(
    site: Site, keeping: Keeping, ports: MemoryRoomPorts
) -> AsyncIterator[httpx.AsyncClient]:
    source = KeyFile(site.data.parent / "ring.json")
    aes = suite_named("aes-256-gcm")
    rotation = Rotation(site.ring, source, aes, site.clock, site.note)

    def neighbour(kind: type[S]) -> S:
        return next(each for each in (keeping, rotation) if isinstance(each, kind))

    view = BackedUpSite()
    console = Console(view)
    routes = [*console.routes(), *Pages(neighbour, ports).routes(console.kit)]
    async with open_app(view, routes, console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        headers = {"origin": ORIGIN}
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers=headers
        ) as client:
            yield client


@pytest.fixture
def ports() -> MemoryRoomPorts:
    return MemoryRoomPorts()


async def test_backups_drill_and_keys_are_shown(tmp_path: Path, ports: MemoryRoomPorts) -> None:
    async with (
        opened(tmp_path) as site,
        browsing(site, Keeping(site.backups), ports) as http,
    ):
        await site.add(1, 3)
        before = (await http.get("/settings/backups?lang=en")).text
        assert "No drill yet" in before
        await site.day(Kind.FULL)
        await site.day()
        await site.backups.drill()
        page = (await http.get("/settings/backups?lang=en")).text
        assert str(site.target) in page
        assert page.index("increment") < page.index(">full<")
        assert "0002-" in page
        assert "was restored" in page
        assert "events, outbox" in page
        chinese = (await http.get("/settings/backups?lang=zh-CN")).text
        assert "全量备份" in chinese


async def test_what_is_ordered_on_the_page_is_noted_with_who_did_it(
    tmp_path: Path, ports: MemoryRoomPorts
) -> None:
    async with opened(tmp_path) as site:
        keeping = Keeping(site.backups)
        async with browsing(site, keeping, ports) as http:
            answer = await http.post("/settings/backups", data={"what": "drill"})
            assert answer.status_code == 303
            assert keeping.busy
            (act,) = ports.events
            assert (act.code.code, act.actor) == ("backup.drill", "owner")
            for _ in range(3):
                await http.post("/settings/backups", data={"what": "full"})
            await http.post("/settings/backups", data={"what": "full"})
            assert len(ports.events) == 4


async def test_a_failure_and_a_damaged_backup_are_loud(
    tmp_path: Path, ports: MemoryRoomPorts
) -> None:
    async with opened(tmp_path) as site:
        keeping = Keeping(site.backups)
        async with browsing(site, keeping, ports) as http:
            backup = await site.day(Kind.FULL)
            (backup.folder / "manifest").write_bytes(b"nonsense")
            keeping.failed = "the backup failed: no room"
            page = (await http.get("/settings/backups?lang=en")).text
            assert "no room" in page
            assert "its manifest was changed" in page


async def test_without_a_place_the_page_says_how_to_set_one(
    tmp_path: Path, ports: MemoryRoomPorts
) -> None:
    async with opened(tmp_path) as site:
        site.backups.plan = None
        async with browsing(site, Keeping(site.backups), ports) as http:
            page = (await http.get("/settings/backups?lang=en")).text
            assert "No place for backups is set" in page
            assert "isogate keys export" in page
