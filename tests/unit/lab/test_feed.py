"""Subscribers as the gateway feeds them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app.subscribers import check_cursor, feed
from gateway.errors import ConfigError, StoreError
from gateway.lab import LabDesk, ResultFilter
from gateway.model import DeviceEvent, Retention, SystemClock
from gateway.room import Emit
from gateway.store import Batch, EventStore, StoreOptions
from gateway.testing import known_ring
from tests.unit.lab.lab_case import desk_with, result


class Refusing:
    """A subscriber whose disk refuses a few times; it ends the store when it has seen enough."""

    name = "refusing"

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.seen: list[int] = []

    def cursor(self) -> int:
        return self.seen[-1] if self.seen else 0

    async def apply(self, events: Sequence[DeviceEvent], _emit: Emit) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the disk is full")
        self.seen += [event.seq for event in events]
        if self.seen[-1] == 3:
            raise _EnoughError


class _EnoughError(Exception):
    pass


class Watched:
    """A laboratory that says when it has folded event 2."""

    name = "watched"

    def __init__(self, desk: LabDesk) -> None:
        self.desk = desk
        self.folded = asyncio.Event()

    def cursor(self) -> int:
        return self.desk.cursor()

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        await self.desk.apply(events, emit)
        if self.desk.cursor() == 2:
            self.folded.set()


def _options() -> StoreOptions:
    return StoreOptions(min_free=0, floor_free=0)


async def test_a_disk_that_refuses_loses_no_event(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with EventStore.open(tmp_path, _options(), SystemClock()) as store:
        events = tuple(replace(result(n), seq=0) for n in (1, 2, 3))
        await store.append(Batch(Retention.RECORD, events=events))
        subscriber = Refusing(3)
        with pytest.raises(_EnoughError):
            await feed(subscriber, store, pause=0)
    assert subscriber.seen == [1, 2, 3]
    assert caplog.text.count("fall behind: the disk is full") == 1


async def test_results_reach_the_laboratory_and_the_feed_ends_with_the_store(
    tmp_path: Path,
) -> None:
    async with LabDesk.open(tmp_path / "lab.sqlite", known_ring()) as desk:
        async with EventStore.open(tmp_path / "store", _options(), SystemClock()) as store:
            events = tuple(replace(result(n), seq=0) for n in (1, 2))
            await store.append(Batch(Retention.RECORD, events=events))
            watched = Watched(desk)
            feeding = asyncio.create_task(feed(watched, store))
            await watched.folded.wait()
        await feeding
        assert len(await desk.results(ResultFilter())) == 1


async def test_tables_that_are_ahead_of_the_store_are_refused(tmp_path: Path) -> None:
    async with desk_with(tmp_path, result(5)) as desk:
        check_cursor(desk, 5)
        with pytest.raises(ConfigError, match="remove their file"):
            check_cursor(desk, 4)
