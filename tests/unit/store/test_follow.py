from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from gateway.model import DeviceEvent, Retention
from gateway.store import Batch, EventStore, StoreOptions
from gateway.store.tail import Tail
from tests.unit.store.store_case import HeldClock, make_event

TELEMETRY, RECORD = Retention.TELEMETRY, Retention.RECORD


async def _take(store: EventStore, after: int, upto: int) -> list[DeviceEvent]:
    events: list[DeviceEvent] = []
    async with aclosing(store.follow(after)) as following:
        async for chunk in following:
            events += chunk
            if chunk[-1].seq >= upto:
                return events
    return events


async def test_a_follower_sees_old_and_new_without_gap(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        for number in range(30):
            await store.append(Batch((TELEMETRY, RECORD)[number % 2], (), (make_event(number),)))
    async with EventStore.open(tmp_path, options, clock) as store:
        following = asyncio.create_task(_take(store, 4, 60))
        for number in range(30, 60):
            await store.append(Batch((TELEMETRY, RECORD)[number % 2], (), (make_event(number),)))
        assert [event.seq for event in await following] == list(range(5, 61))


async def test_a_slow_follower_reads_what_left_memory_from_disk(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, replace(options, tail_events=4), clock) as store:
        async with aclosing(store.follow(0)) as following:
            await store.append(Batch(TELEMETRY, (), (make_event(0),)))
            seen = list(await anext(following))
            for number in range(1, 40):
                await store.append(Batch(TELEMETRY, (), (make_event(number),)))
            while len(seen) < 40:
                seen += await anext(following)
        assert [event.seq for event in seen] == list(range(1, 41))
        assert seen == await store.events()


async def test_a_page_is_the_same_from_memory_and_from_disk(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, replace(options, tail_events=12), clock) as store:
        for number in range(0, 30, 3):
            events = tuple(make_event(each) for each in range(number, number + 3))
            await store.append(Batch((TELEMETRY, RECORD)[number % 2], (), events))
        pages = {after: await store.events(after=after, limit=4) for after in range(31)}
    async with EventStore.open(tmp_path, options, clock) as store:
        for after, page in pages.items():
            assert [event.seq for event in page] == list(range(after + 1, min(after + 5, 31)))
            assert page == await store.events(after=after, limit=4)


async def test_followers_end_when_the_store_closes(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        following = asyncio.create_task(_take(store, 0, 1))
        await asyncio.sleep(0)
    assert await following == []


def test_the_tail_knows_how_far_back_it_reaches() -> None:
    tail = Tail(10, 3)
    tail.add([(seq, make_event(seq)) for seq in (11, 12)])
    tail.add([(seq, make_event(seq)) for seq in (14, 15)])
    assert tail.floor == 12
    assert tail.after(11) is None
    assert [event.seq for event in tail.after(12) or ()] == [14, 15]
    assert [event.seq for event in tail.after(14) or ()] == [15]
    assert tail.after(15) == []
