"""The audit's page: found by filter, exported, and itself audited; and the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import httpx
import orjson
import pytest
from typer.testing import CliRunner

from gateway.api import open_app
from gateway.app.layout import ANCHORS, AUDIT, AUDIT_KEY
from gateway.audit import AuditTrail, Filter, audit_key, pages
from gateway.audit.pages import Pages
from gateway.cli.exits import Exit
from gateway.cli.verbs import app as cli
from gateway.console import Console
from gateway.model import Subject
from gateway.room import OWNER, Outcome
from gateway.seal import DEFAULT, Keyring, suite_named
from gateway.testing import ManualClock, Recognizing
from tests.unit.api.memory_site import MemorySite

RING = Keyring.fresh(suite_named(DEFAULT), "2026-11-26T00:00:00Z")


class AuditedSite(MemorySite):
    def packages(self) -> tuple[str, ...]:
        return ("gateway.audit",)


@asynccontextmanager
async def trail_in(data: Path) -> AsyncIterator[AuditTrail]:
    key = audit_key(data / AUDIT_KEY, data / AUDIT)
    async with AuditTrail.open(
        data / AUDIT, data / ANCHORS, ManualClock(), key=key, ring=RING
    ) as trail:
        yield trail


@pytest.fixture
async def trail(tmp_path: Path) -> AsyncIterator[AuditTrail]:
    async with trail_in(tmp_path) as trail:
        subject = Subject(patient="7", issuer="his")
        await trail.record("results.read", OWNER, subject=subject, detail="=cmd()")
        await trail.record("session.refuse", OWNER, outcome=Outcome.REFUSED, address="10.9.8.7")
        yield trail


@pytest.fixture
async def http(trail: AuditTrail) -> AsyncIterator[httpx.AsyncClient]:
    site = AuditedSite()
    console = Console(site)
    routes = [*console.routes(), *Pages(trail, site.site, list).routes(console.kit)]
    async with open_app(site, routes, console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def test_entries_are_shown_and_looking_is_audited(
    http: httpx.AsyncClient, trail: AuditTrail
) -> None:
    page = (await http.get("/audit?lang=en&who=owner")).text
    assert "session.refuse" in page
    assert "10.9.8.7" in page
    (entry,) = await trail.find(Filter(action="audit.read"))
    assert ("who", "owner") in entry.objects


async def test_a_filter_narrows_and_a_wrong_day_is_said(http: httpx.AsyncClient) -> None:
    page = (await http.get("/audit?lang=en&action=session.&from=monday")).text
    assert "session.refuse" in page
    assert "results.read" not in page
    assert "A day is written as" in page


async def test_nothing_found_says_how_to_go_on_in_both_languages(http: httpx.AsyncClient) -> None:
    assert "No entries here." in (await http.get("/audit?lang=en&who=nobody")).text
    assert "没有记录" in (await http.get("/audit?lang=zh-CN&who=nobody")).text


async def test_an_export_is_audited_and_no_cell_is_a_formula(
    http: httpx.AsyncClient, trail: AuditTrail
) -> None:
    sheet = (await http.get("/audit.csv?patient=7&issuer=his")).content.decode("utf-8-sig")
    head, row, *rest = sheet.splitlines()
    assert head.count(",") == 10
    assert "results.read" in row
    assert row.endswith("'=cmd()")
    assert rest == []
    assert len(await trail.find(Filter(action="export.audit"))) == 1


async def test_an_export_holds_all_that_the_filter_finds(
    http: httpx.AsyncClient, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_GROUP", 7)
    await asyncio.gather(*(trail.record("samples.read", OWNER) for _ in range(21)))
    sheet = (await http.get("/audit.csv?action=samples.read")).content.decode("utf-8-sig")
    seqs = [int(row.partition(",")[0]) for row in sheet.splitlines()[1:]]
    assert seqs == list(range(23, 2, -1))


async def test_the_page_says_what_speaks_against_the_audit(trail: AuditTrail) -> None:
    site = AuditedSite()
    console = Console(site)
    doubts = [{"en": "Its head is gone.", "zh-CN": "链首缺失。"}]
    routes = [*console.routes(), *Pages(trail, site.site, lambda: doubts).routes(console.kit)]
    async with open_app(site, routes, console.error_page, gate=Recognizing()) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert "Its head is gone." in (await client.get("/audit?lang=en")).text
            assert "链首缺失。" in (await client.get("/audit?lang=zh-CN")).text


async def test_the_command_line_verifies_and_says_what_was_done(tmp_path: Path) -> None:
    async with trail_in(tmp_path) as trail:
        for _ in range(3):
            await trail.record("results.read", OWNER)
    runner = CliRunner()
    verify = ["audit", "verify", "--data", str(tmp_path)]
    whole = runner.invoke(cli, verify)
    assert whole.exit_code == Exit.OK
    assert "whole: 3 entries" in whole.output
    connection = apsw.Connection(str(tmp_path / AUDIT))
    connection.execute("DELETE FROM entry WHERE seq = 3")
    connection.close()
    broken = runner.invoke(cli, [*verify, "--json"])
    assert broken.exit_code == Exit.NOT_WELL
    found = orjson.loads(broken.output)
    assert [each["breach"] for each in found["findings"]] == ["cut"]
