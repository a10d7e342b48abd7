"""What keeps the ends of the chain says when it can't, and where they speak against the chain."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.audit import AuditTrail
from gateway.audit.keeper import Keeper
from gateway.audit.options import AuditOptions
from gateway.room import OWNER
from gateway.seal import DEFAULT, Keyring, suite_named
from gateway.testing import ManualClock, MemoryRoomPorts

KEY = b"k" * 32
RING = Keyring.fresh(suite_named(DEFAULT), "2026-11-26T00:00:00Z")


@asynccontextmanager
async def keeping(folder: Path, ports: MemoryRoomPorts) -> AsyncIterator[tuple[AuditTrail, Keeper]]:
    elsewhere = folder.parent / "elsewhere"
    async with AuditTrail.open(
        folder / "audit.sqlite",
        folder / "anchors",
        ManualClock(),
        key=KEY,
        ring=RING,
        copy=elsewhere / "anchors",
    ) as trail:
        yield trail, Keeper(AuditOptions(copy_anchors_to=elsewhere), trail, ports)


async def test_an_end_that_is_not_noted_is_said_once_and_when_it_is_again(tmp_path: Path) -> None:
    ports = MemoryRoomPorts()
    anchors = tmp_path / "audit" / "anchors" / "anchors"
    (tmp_path / "elsewhere").mkdir()
    async with keeping(tmp_path / "audit", ports) as (trail, keeper):
        await trail.record("results.read", OWNER)
        anchors.mkdir()
        for _ in range(2):
            await keeper.note()
            await keeper.note_again()
        assert "directory" in keeper.failing
        assert [text for _, text, _ in ports.said] == ["anchors-failed"]
        anchors.rmdir()
        await keeper.note_again()
        assert keeper.failing == ""
        assert [text for _, text, _ in ports.said] == ["anchors-failed", "anchors-kept"]
        assert keeper.doubts() == []


async def test_a_place_elsewhere_that_is_away_is_tried_again(tmp_path: Path) -> None:
    ports = MemoryRoomPorts()
    async with keeping(tmp_path / "audit", ports) as (trail, keeper):
        await trail.record("results.read", OWNER)
        await keeper.note()
        assert keeper.failing
        (tmp_path / "elsewhere").mkdir()
        await keeper.note_again()
        assert keeper.failing == ""
    assert [text for _, text, _ in ports.said] == ["anchor", "anchors-failed", "anchors-kept"]
    assert (tmp_path / "elsewhere" / "anchors").read_text().startswith("1 ")


async def test_what_is_elsewhere_and_not_here_is_a_cut(tmp_path: Path) -> None:
    ports, folder = MemoryRoomPorts(), tmp_path / "audit"
    (tmp_path / "elsewhere").mkdir()
    async with keeping(folder, ports) as (trail, _):
        await trail.record("results.read", OWNER)
    shutil.copytree(folder, tmp_path / "earlier")
    async with keeping(folder, ports) as (trail, keeper):
        await trail.record("results.read", OWNER)
        await keeper.note()
    shutil.rmtree(folder)
    (tmp_path / "earlier").rename(folder)
    ports.said.clear()
    async with keeping(folder, ports) as (trail, keeper):
        keeper.say_doubts()
        await trail.record("results.read", OWNER)
        for _ in range(2):
            await keeper.note()
        assert [(code, text) for code, text, _ in ports.said] == [
            ("audit", "cut"),
            ("audit", "anchor"),
            ("audit", "cut"),
            ("audit", "anchor"),
        ]
        lost, elsewhere = keeper.doubts()
        assert "Entries gone at its end: 1." in str(lost)
        assert "knows of entry 2" in str(elsewhere)


async def test_each_doubt_has_words_in_both_languages(tmp_path: Path) -> None:
    ports = MemoryRoomPorts()
    async with keeping(tmp_path / "audit", ports) as (trail, keeper):
        trail.lost, trail.headless, trail.changed = 2, True, True
        doubts = keeper.doubts()
        keeper.say_doubts()
    assert len(doubts) == len(ports.said) == 3
    assert all(not isinstance(each, str) and set(each) == {"en", "zh-CN"} for each in doubts)
