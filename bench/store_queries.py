"""Answers from a store of five million events."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from pathlib import Path

from bench.case import Case, Options
from bench.store_load import (
    SENSORS,
    START,
    fill,
    meter_batches,
    result_batches,
    sealed,
    sensor_batches,
)
from gateway.model import Instant, SystemClock
from gateway.store import EventStore

_DAY = 86_400_000_000
_PER_POLL = 8
_ROUNDS = 200


async def run(options: Options) -> Sequence[Case]:
    """A week of one site: half polled points, two fifths messages, a tenth patients' results."""
    count = 50_000 if options.smoke else 5_000_000
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        async with EventStore.open(Path(folder), sealed(), SystemClock()) as store:
            await _load(store, count)
            questions: list[tuple[str, float | None, Callable[[], Awaitable[int]]]] = [
                ("latest of a device", 1, _latest(store)),
                ("patient's history", 10, _history(store, count)),
                ("all devices, roll-up of a day", 10, _day(store)),
                ("device's hour, 5-minute roll-up", None, _hour(store)),
                ("100 events of a device after a seq", None, _page(store)),
                ("wire record by id", None, _record(store)),
            ]
            return [_case(name, goal, count, await _time(ask)) for name, goal, ask in questions]


async def _load(store: EventStore, count: int) -> None:
    polls, messages, results = count // 2 // _PER_POLL, count * 2 // 5, count // 10
    week = 7 * _DAY
    await fill(
        store,
        chain(
            meter_batches(store, polls, step=week // polls),
            sensor_batches(store, messages, step=week // messages),
            result_batches(results, _patients(count), step=week // results, start=START),
        ),
    )


def _patients(count: int) -> int:
    return max(1, count // 500)


def _latest(store: EventStore) -> Callable[[], Awaitable[int]]:
    async def ask() -> int:
        return len(store.latest(f"meter-{random.randrange(20):02}"))

    return ask


def _history(store: EventStore, count: int) -> Callable[[], Awaitable[int]]:
    async def ask() -> int:
        patient = f"P{random.randrange(_patients(count)):06}"
        return len(await store.events(patient=("HIS", patient), limit=1000))

    return ask


def _day(store: EventStore) -> Callable[[], Awaitable[int]]:
    async def ask() -> int:
        begin = Instant(START + random.randrange(6) * _DAY)
        return len(await store.summary(begin, Instant(begin + _DAY)))

    return ask


def _hour(store: EventStore) -> Callable[[], Awaitable[int]]:
    async def ask() -> int:
        begin = Instant(START + random.randrange(6) * _DAY)
        end = Instant(begin + _DAY // 24)
        device = f"sensor-{random.randrange(SENSORS):02}"
        return len(await store.rollup(device, "temperature", begin, end, "5m"))

    return ask


def _page(store: EventStore) -> Callable[[], Awaitable[int]]:
    async def ask() -> int:
        after = random.randrange(store.last_seq // 4)
        return len(await store.events(after=after, device="meter-07"))

    return ask


def _record(store: EventStore) -> Callable[[], Awaitable[int]]:
    last = store.raw_id()

    async def ask() -> int:
        raw_id = type(last)(random.randrange(1, last))
        return 1 if await store.record(raw_id) else 0

    return ask


async def _time(ask: Callable[[], Awaitable[int]]) -> float:
    """Median milliseconds of an answer that must not be empty."""
    waits = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        assert await ask()
        waits.append(time.perf_counter() - begin)
    return statistics.median(waits) * 1000


def _case(question: str, goal: float | None, count: int, took: float) -> Case:
    return Case(
        name="store_queries",
        case=question,
        ours=took,
        unit="ms",
        better="lower",
        goal=goal,
        size=f"{count:,} events in the store",
    )
