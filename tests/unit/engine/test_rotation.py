"""Keys of a running gateway: rotated, resealed, retired, with tables in use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.errors import ConfigError, StoreError
from gateway.lab import LabDesk
from gateway.lab.result import ResultFilter
from gateway.model import SystemClock
from gateway.seal import (
    KeyFile,
    Keyring,
    KeyVariable,
    Progress,
    Rotation,
    Sealer,
    suite_named,
)
from gateway.store import Outbox
from tests.unit.lab.lab_case import listings_follow, result

AES, SM4 = suite_named("aes-256-gcm"), suite_named("sm4-gcm")


@dataclass
class Site:
    ring: Keyring
    rotation: Rotation
    outbox: Outbox
    desk: LabDesk
    said: list[tuple[str, str]]
    news: asyncio.Event

    async def resealed(self) -> None:
        """Ask for resealing and wait for its end."""
        work = asyncio.create_task(self.rotation.work())
        self.news.clear()
        self.rotation.reseal()
        await self.news.wait()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Site]:
    source = KeyFile(folder / "ring.json")
    ring = source.read()
    if ring is None:
        ring = Keyring.fresh(AES, "")
        source.write(ring)
    clock = SystemClock()
    said: list[tuple[str, str]] = []
    news = asyncio.Event()

    def note(code: str, text: str, _detail: str) -> None:
        said.append((code, text))
        news.set()

    rotation = Rotation(ring, source, SM4, clock, note)
    async with (
        Outbox.open(folder / "outbox.sqlite", ring, clock) as outbox,
        LabDesk.open(folder / "lab.sqlite", ring) as desk,
    ):
        yield Site(ring, rotation, outbox, desk, said, news)


async def fill(site: Site, number: int) -> None:
    await site.outbox.enqueue("lis", str(number), b"owed")
    await site.desk.apply([result(number, specimen=f"S{number}")], listings_follow)


async def who(site: Site) -> dict[int, tuple[str, ...]]:
    return {use.key.id: use.users for use in await site.rotation.uses()}


async def test_a_key_goes_when_all_is_resealed_and_not_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await fill(site, 1)
        assert await who(site) == {1: ("outbox", "lab")}
        assert site.rotation.rotate().suite is SM4
        await fill(site, 2)
        assert (await who(site))[2] == ("outbox", "lab")
        with pytest.raises(ConfigError, match="key 1 is needed by outbox, lab"):
            await site.rotation.retire(1)
        await site.resealed()
        assert await who(site) == {1: (), 2: ("outbox", "lab")}
        await site.rotation.retire(1)
        assert site.said == [("keys", "rotated"), ("keys", "resealed"), ("keys", "retired")]
        await fill(site, 3)
        assert len(await site.desk.results(ResultFilter())) == 3
    async with opened(tmp_path) as site:
        assert [key.id for key in site.ring.keys] == [2]
        assert len(await site.desk.results(ResultFilter())) == 3
        head = await site.outbox.head("lis")
        assert head is not None
        assert head.payload == b"owed"


async def test_a_new_key_is_in_its_file_before_it_seals(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        folder = tmp_path.joinpath("ring.json")
        folder.unlink()
        folder.mkdir()
        folder.joinpath("occupied").touch()
        with pytest.raises(ConfigError, match="can't be written"):
            site.rotation.rotate()
        assert site.ring.active.id == 1


def test_a_ring_in_a_variable_is_not_rotated_in_memory_alone() -> None:
    ring = Keyring.fresh(AES, "")
    rotation = Rotation(ring, KeyVariable("RING"), AES, SystemClock(), lambda *_: None)
    with pytest.raises(ConfigError, match="only you can change"):
        rotation.rotate()
    assert ring.active.id == 1


class Stubborn:
    """A user of keys whose disk refuses."""

    name = "stubborn"
    purposes = ("stubborn",)

    def __init__(self) -> None:
        self.refuses = True

    async def keys(self) -> set[int]:
        return {1}

    async def reseal(self, progress: Progress) -> None:
        progress(0, 1)
        if self.refuses:
            raise StoreError("the disk refuses")


async def test_resealing_that_fails_says_why_and_can_be_asked_for_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        stubborn = Stubborn()
        site.ring.users.insert(0, stubborn)
        site.rotation.rotate()
        await site.resealed()
        assert site.rotation.state.failed == "stubborn: the disk refuses"
        stubborn.refuses = False
        await site.resealed()
        assert site.rotation.state.failed == ""
        assert site.said[1:] == [("keys", "reseal-failed"), ("keys", "resealed")]


async def test_what_was_sealed_elsewhere_before_a_rotation_opens_after_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        sealed = Sealer(site.ring, "x").seal(b"name", b"")
        site.rotation.rotate(AES)
        assert Sealer(site.ring, "x").open(sealed, b"") == b"name"


async def test_while_nobody_speaks_for_something_sealed_no_key_goes(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        await site.resealed()
        site.rotation.rotate()
        await site.resealed()
        Sealer(site.ring, "forgotten").seal(b"name", b"")
        with pytest.raises(ConfigError, match="nobody says which keys forgotten needs"):
            await site.rotation.retire(1)
        assert [key.id for key in site.ring.keys] == [1, 2]
