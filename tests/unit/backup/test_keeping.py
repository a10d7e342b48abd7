"""Ordered and due backups, one after another, and what went wrong with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.backup import Backups, Keeping, Kind, Order, Work
from gateway.backup.keeping import Task
from gateway.errors import ConfigError, StoreError
from gateway.model import Instant
from tests.unit.backup.backup_case import Site, opened


@asynccontextmanager
async def at_work(site: Site) -> AsyncIterator[Keeping]:
    keeping = Keeping(site.backups)
    task = asyncio.create_task(keeping.keep_up())
    try:
        yield keeping
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_is_ordered_is_done_in_its_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, at_work(site) as keeping:
        await site.add(1, 3)
        said = site.heard()
        for order in (Order("backup"), Order("backup"), Order("verify"), Order("drill")):
            keeping.order(order)
        assert keeping.busy
        while site.said[-1:] != [("restore-drill", "passed")]:
            await said.get()
        assert [word for _, word in site.said] == ["done", "done", "passed"]
        shelf = await site.backups.shelf()
        assert [each.manifest.kind for each in shelf.backups] == [Kind.FULL, Kind.INCREMENT]
        assert keeping.failed == ""


async def test_what_fails_is_said_and_the_next_is_done(tmp_path: Path) -> None:
    async with opened(tmp_path) as site, at_work(site) as keeping:
        await site.add(1, 3)
        (tmp_path / "occupied").write_text("a file stands where the target should be")
        said = site.heard()
        keeping.order(Order("backup", target=tmp_path / "occupied"))
        await said.get()
        assert site.said == [("backup", "failed")]
        assert "occupied" in keeping.failed
        keeping.order(Order("backup", target=tmp_path / "elsewhere"))
        await said.get()
        assert site.said[-1] == ("backup", "done")
        assert keeping.failed == ""


_BROKEN = "x" * 300
"""A name that every file system refuses, whoever asks."""


@pytest.mark.parametrize("what", ["backup", "verify", "drill"])
async def test_a_target_that_breaks_ends_nothing(tmp_path: Path, what: Task) -> None:
    async with opened(tmp_path) as site, at_work(site) as keeping:
        await site.add(1, 3)
        said = site.heard()
        keeping.order(Order(what, target=tmp_path / _BROKEN))
        _, word = await said.get()
        assert word == "failed"
        assert "File name too long" in keeping.failed
        keeping.order(Order("backup"))
        assert await said.get() == ("backup", "done")


async def test_a_broken_target_is_said_by_an_event_and_by_the_shelf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.backup.keeping._LOOK", 0.0)
    async with opened(tmp_path) as site:
        assert site.backups.plan is not None
        site.backups.plan = replace(site.backups.plan, target=tmp_path / _BROKEN)
        said = site.heard()
        async with at_work(site):
            assert await said.get() == ("backup", "failed")
        assert "can't be looked at" in (await site.backups.shelf()).damaged[0]


async def test_the_outcome_of_a_drill_needs_no_room_on_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.backup.keeping._LOOK", 0.0)
    async with opened(tmp_path) as site:
        await site.add(1, 3)
        backup = await site.day(Kind.FULL)
        (site.target / "drill.json").mkdir()
        (backup.folder / "0000.archive").unlink()
        with pytest.raises(StoreError):
            await site.backups.drill()
    async with opened(tmp_path, clock=site.clock) as again:
        last = again.backups.last_drill()
        assert last is not None
        assert last["passed"] is False
        assert again.backups.plan is not None
        at = Instant(last["at"])
        assert not again.backups.plan.schedule.drill_due(again.clock.now(), at)


async def test_what_is_due_is_made_and_then_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.backup.keeping._LOOK", 0.0)
    async with opened(tmp_path) as site, at_work(site):
        said = site.heard()
        await said.get()
        await said.get()
        assert [word for _, word in site.said] == ["done", "passed"]
        site.clock.at += 86_400_000_000
        await said.get()
        made = (await site.backups.shelf()).backups
        assert [each.manifest.kind for each in made] == [Kind.FULL, Kind.INCREMENT]


async def test_another_directory_than_that_of_the_plan_is_not_adopted(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        with pytest.raises(ConfigError, match="can be adopted"):
            Keeping(site.backups).order(Order("backup", target=tmp_path / "elsewhere", adopt=True))


async def test_without_a_target_an_order_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        site.backups.plan = None
        keeping = Keeping(site.backups)
        with pytest.raises(ConfigError, match="no section `backup`"):
            keeping.order(Order("backup"))
        for _ in range(4):
            keeping.order(Order("backup", target=tmp_path / "elsewhere"))
        with pytest.raises(ConfigError, match="too much is waiting"):
            keeping.order(Order("backup", target=tmp_path / "elsewhere"))


async def test_a_backup_in_work_is_dropped_when_the_gateway_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, begun, tell = asyncio.get_running_loop(), asyncio.Event(), Backups.tell

    def told(backups: Backups, work: Work) -> None:
        loop.call_soon_threadsafe(begun.set)
        tell(backups, work)

    monkeypatch.setattr(Backups, "tell", told)
    async with opened(tmp_path) as site:
        await site.add(1, 200)
        async with at_work(site) as keeping:
            keeping.order(Order("backup"))
            await begun.wait()
        assert (await site.backups.shelf()).backups == ()
        assert [path.name for path in site.target.glob("[!.]*")] == ["isogate-target"]
