"""What sealing costs: the same work in the same run with keys and without."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.case import Case, Options
from bench.store_load import message_batches, sealed, sensor_batches
from gateway.app.serve import spare_collector
from gateway.lab.tables import Tables
from gateway.model import SystemClock
from gateway.seal import SUITES, Keyring, Sealer, suite_named
from gateway.sqlite import open_sealed, open_writer, transaction
from gateway.store import Batch, EventStore, StoreOptions

_GOAL = 0.85
_RESULTS = 20
_BLOCK = 300
_Load = Callable[[EventStore, int], Iterator[Batch]]


async def run(options: Options) -> Sequence[Case]:
    """Sealed and plain take turns, and the median of each counts."""
    return [
        await _append(options, "sensors, 1,000 producers", 1000, 20_000, sensor_batches),
        await _append(options, "results, 50 producers", 50, 2_500, message_batches),
        await _fold(options),
        *(_cipher(options, name) for name in SUITES),
    ]


async def _append(options: Options, case: str, producers: int, count: int, load: _Load) -> Case:
    count, rounds = (producers * 2, 1) if options.smoke else (count, 7)
    rates: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for is_sealed, found in rates.items():
            store = sealed() if is_sealed else StoreOptions()
            found.append(await _rate(store, producers, count, load))
    sensors = load is sensor_batches
    return Case(
        name="seal",
        case=f"append {case}",
        ours=statistics.median(rates[True]),
        peer=statistics.median(rates[False]),
        peer_name="the same in plain text",
        unit="message/s",
        better="higher",
        goal=_GOAL,
        size="1 event and its 120-byte MQTT message" if sensors else "20 results, 1.2 kB",
        peer_ack="the same commit",
    )


async def _rate(options: StoreOptions, producers: int, count: int, load: _Load) -> float:
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        async with EventStore.open(Path(folder), options, SystemClock()) as store:
            batches = list(load(store, count))
            spare_collector()
            begin = time.perf_counter()
            async with asyncio.TaskGroup() as tasks:
                for start in range(producers):
                    tasks.create_task(_produce(store, batches[start::producers]))
            return count / (time.perf_counter() - begin)


async def _produce(store: EventStore, batches: Sequence[Batch]) -> None:
    for batch in batches:
        await store.append(batch)


async def _fold(options: Options) -> Case:
    """Folding results into the laboratory's tables, a hundred messages a transaction."""
    count, rounds = (200, 1) if options.smoke else (1_000, 7)
    rates: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for is_sealed, found in rates.items():
            found.append(await asyncio.to_thread(_fold_rate, count, is_sealed=is_sealed))
    return Case(
        name="seal",
        case="fold results into a projection",
        ours=statistics.median(rates[True]),
        peer=statistics.median(rates[False]),
        peer_name="the same in plain text",
        unit="result/s",
        better="higher",
        goal=_GOAL,
        size="1 result",
        durable=False,
    )


def _fold_rate(count: int, *, is_sealed: bool) -> float:
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        path, ring = Path(folder, "lab.sqlite"), Keyring.fresh(suite_named("aes-256-gcm"), "")
        connection = open_sealed(path, ring) if is_sealed else open_writer(path)
        with closing(connection):
            connection.pragma("synchronous", "NORMAL")
            connection.execute(Tables.schema)
            tables = Tables(connection)
            events = [
                replace(event, seq=seq)
                for seq, event in enumerate(
                    (e for b in message_batches(None, count) for m in b.messages for e in m.events),
                    1,
                )
            ]
            begin = time.perf_counter()
            for start in range(0, len(events), 100 * _RESULTS):
                with transaction(connection):
                    tables.fold(events[start : start + 100 * _RESULTS])
            return len(events) / (time.perf_counter() - begin)


def _cipher(options: Options, name: str) -> Case:
    """Microseconds to seal and open one row's body, against the bare cipher of the library."""
    sealer = Sealer(Keyring.fresh(suite_named(name), ""), "bench")
    bare, nonce, data = AESGCM(os.urandom(32)), os.urandom(12), os.urandom(_BLOCK)
    count = 100 if options.smoke else 20_000

    def ours() -> None:
        sealer.open(sealer.seal(data, b"place"), b"place")

    def peer() -> None:
        bare.decrypt(nonce, bare.encrypt(nonce, data, b"place"), b"place")

    return Case(
        name="seal",
        case=f"{name}, seal and open",
        ours=_micros(ours, count),
        peer=_micros(peer, count),
        peer_name="AESGCM of cryptography, key and nonce at hand",
        unit="µs",
        better="lower",
        size=f"{_BLOCK} bytes",
        ordered=False,
        durable=False,
    )


def _micros(work: Callable[[], None], count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - begin) / count * 1e6
