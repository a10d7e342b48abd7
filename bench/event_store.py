"""Appending events, each awaited until durable, against bulk inserts of a row each."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from bench.case import Case, Options
from bench.store_load import sealed, sensor_batches
from gateway.app.serve import spare_collector
from gateway.model import SystemClock
from gateway.sqlite import PRAGMAS
from gateway.store import Batch, EventStore, schema

_GROUP = 1000
_SIZE = "1 event and its 120-byte MQTT message"
_PACED = 10_000
_SHARES = {1: 50, 100: 2, 1000: 1}
_GOALS = {1000: 0.6}
_RAW = """
CREATE TABLE raw(
  id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX raw_channel ON raw(channel);
"""
_INSERT_RAW = "INSERT INTO raw VALUES(?,?,?,?)"
_Row = tuple[Any, ...]


async def run(options: Options) -> Sequence[Case]:
    """Ceiling: `executemany` of 1,000 events a transaction, and of their messages, rows ready-made.

    An event has the row that it has in the store, a message one of its own, found by its channel.

    Ceiling and ours take turns, and the median of each counts, so that what else the machine
    does falls on both.
    """
    count, rounds = (4_000, 1) if options.smoke else (200_000, 3)
    ceilings: list[float] = []
    rates: dict[int, list[float]] = {producers: [] for producers in _SHARES}
    for _ in range(rounds):
        ceilings.append(max(_in_folder(bulk, count) for bulk in (_bulk_apsw, _bulk_sqlite3)))
        for producers, share in _SHARES.items():
            rates[producers].append(await _throughput(producers, count // share))
    ceiling = statistics.median(ceilings)
    return [
        _rate_case(producers, statistics.median(found), ceiling)
        for producers, found in rates.items()
    ] + await _paced(options)


def _rate_case(producers: int, rate: float, ceiling: float) -> Case:
    return Case(
        name="event_store",
        case=f"append, {producers} producers",
        ours=rate,
        peer=ceiling,
        peer_name="executemany of 1,000 events and their messages",
        unit="event/s",
        better="higher",
        goal=_GOALS.get(producers),
        size=_SIZE,
        peer_ack="one commit for 1,000; ours resumes a waiting task for each",
    )


async def _throughput(producers: int, count: int) -> float:
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        async with EventStore.open(Path(folder), sealed(), SystemClock()) as store:
            batches = list(sensor_batches(store, count))
            spare_collector()
            begin = time.perf_counter()
            async with asyncio.TaskGroup() as tasks:
                for start in range(producers):
                    tasks.create_task(_produce(store, batches[start::producers]))
            return count / (time.perf_counter() - begin)


async def _produce(store: EventStore, batches: Sequence[Batch]) -> None:
    for batch in batches:
        await store.append(batch)


async def _paced(options: Options) -> list[Case]:
    seconds = 0.2 if options.smoke else 10
    waits = await _paced_waits(round(_PACED * seconds))
    cuts = statistics.quantiles(waits, n=100)
    slow = options.slow_sync > 0
    return [
        Case(
            name="event_store",
            case=f"{_PACED} event/s, {name}",
            ours=cuts[cut] * 1000,
            unit="ms",
            better="lower",
            goal=goal,
            size=_SIZE,
        )
        for name, cut, goal in (("p50", 49, None), ("p99", 98, 64 if slow else 10))
    ]


async def _paced_waits(count: int) -> list[float]:
    """Seconds from an event's due time to its receipt: a late start counts as waiting."""
    waits: list[float] = []
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        async with EventStore.open(Path(folder), sealed(), SystemClock()) as store:
            batches = iter(list(sensor_batches(store, count)))
            spare_collector()
            begin = time.perf_counter()
            sent = 0
            while sent < count:
                due = min(count, int((time.perf_counter() - begin) * _PACED) + 1)
                for number in range(sent, due):
                    at = begin + number / _PACED
                    store.submit(next(batches)).add_done_callback(_timer(waits, at))
                sent = due
                await asyncio.sleep(0.001)
    # Leaving the store has committed everything.
    return waits


def _timer(waits: list[float], due: float) -> Callable[[object], None]:
    return lambda _: waits.append(time.perf_counter() - due)


def _in_folder(bulk: Callable[[Path, int], float], count: int) -> float:
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        return bulk(Path(folder) / "ceiling.sqlite", count)


def _bulk_apsw(path: Path, count: int) -> float:
    with closing(apsw.Connection(str(path))) as connection:
        for statement in (*PRAGMAS, schema.SEGMENT + _RAW):
            connection.execute(statement)
        return _bulk(connection, count)


def _bulk_sqlite3(path: Path, count: int) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in PRAGMAS:
            connection.execute(statement)
        connection.executescript(schema.SEGMENT + _RAW)
        return _bulk(connection, count)


def _bulk(connection: apsw.Connection | sqlite3.Connection, count: int) -> float:
    raws, events = list(_raw_rows(count)), list(_event_rows(count))
    spare_collector()
    begin = time.perf_counter()
    for start in range(0, count, _GROUP):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT_RAW, raws[start : start + _GROUP])
        connection.executemany(schema.INSERT_EVENT, events[start : start + _GROUP])
        connection.execute("COMMIT")
    return count / (time.perf_counter() - begin)


def _raw_rows(count: int) -> Iterator[_Row]:
    for batch in sensor_batches(None, count):
        record = batch.wire[0]
        yield record.raw_id, 1 + record.raw_id % 40, record.at, record.data


def _event_rows(count: int) -> Iterator[_Row]:
    for seq, batch in enumerate(sensor_batches(None, count), 1):
        event = batch.events[0]
        high, low = struct.unpack(">qq", event.id)
        which = 1 + seq % 40
        received, raw = event.received_at, event.raw_id
        text = event.value.text if event.value else None
        yield (seq, 0, high, low, which, which, received, 0, raw, 1, text, None, None, None)
