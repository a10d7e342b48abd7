from __future__ import annotations

import asyncio
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
import pytest

from gateway.errors import StoreError
from gateway.model import Retention
from gateway.store import Batch, EventStore, StoreHealth, StoreOptions
from tests.unit.store.store_case import HeldClock, make_event, make_record

TELEMETRY = Retention.TELEMETRY
CRASHER = """
import asyncio, sys
from pathlib import Path
from gateway.model import Retention
from gateway.store import Batch, EventStore, StoreOptions
from tests.unit.store.store_case import HeldClock, make_event, make_record

async def main():
    async with EventStore.open(Path(sys.argv[1]), StoreOptions(), HeldClock()) as store:
        number = store.last_seq * 1000
        while True:
            futures = []
            for _ in range(20):
                number += 1
                raw = store.raw_id()
                wire, event = make_record(raw), make_event(number, raw=raw)
                retention = list(Retention)[number % 2]
                futures.append(store.submit(Batch(retention, (wire,), (event,))))
            for receipt in await asyncio.gather(*futures):
                print(receipt.seqs[0], flush=True)

asyncio.run(main())
"""


@dataclass
class Disk:
    """Free space as the test wants it."""

    free: int

    def __call__(self, _: Path) -> int:
        return self.free


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The kernel refuses writes beyond `size` bytes of any file, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _append_until_killed(data: Path) -> list[int]:
    """The seqs that a gateway acknowledged before kill -9."""
    command = [sys.executable, "-c", CRASHER, str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(100)]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
    return [int(line) for line in lines if line.endswith("\n")]


async def _until(store: EventStore, health: StoreHealth) -> None:
    async with asyncio.timeout(10):
        while store.state.health is not health:
            await store.turned()


async def test_a_disk_that_refuses_withholds_and_recovers_by_itself(store: EventStore) -> None:
    await store.append(Batch(TELEMETRY, (), (make_event(1),)))
    big = random.Random(1).randbytes(300_000)
    with file_size_limit(200_000):
        with pytest.raises(StoreError, match="refused a commit"):
            await store.append(Batch(TELEMETRY, (make_record(2, big),), (make_event(2),)))
        assert store.state.health is StoreHealth.FAILED
        assert "refused" in store.state.reason
    await _until(store, StoreHealth.OK)
    await store.append(Batch(TELEMETRY, (make_record(2, big),), (make_event(2),)))
    assert [event.seq for event in await store.events()] == [1, 2]


async def test_a_store_behind_a_failed_disk_still_answers(store: EventStore) -> None:
    await store.append(Batch(TELEMETRY, (), (make_event(1),)))
    with file_size_limit(100_000):
        with pytest.raises(StoreError):
            await store.append(
                Batch(TELEMETRY, (make_record(2, random.Random(1).randbytes(300_000)),))
            )
        assert [event.seq for event in await store.events()] == [1]
        assert len(store.latest()) == 1
    await _until(store, StoreHealth.OK)


async def test_little_space_is_said_and_no_space_withholds(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    disk = Disk(100)
    options = replace(options, min_free=50, floor_free=10, free_space=disk)
    async with EventStore.open(tmp_path, options, clock) as store:
        disk.free = 40
        await store.append(Batch(TELEMETRY, (), (make_event(1),)))
        await _until(store, StoreHealth.NEARLY_FULL)
        disk.free = 5
        with pytest.raises(StoreError, match="too little"):
            await store.append(Batch(TELEMETRY, (), (make_event(2),)))
        await _until(store, StoreHealth.FAILED)
        disk.free = 100
        await _until(store, StoreHealth.OK)
        assert (await store.append(Batch(TELEMETRY, (), (make_event(2),)))).seqs == (2,)


async def test_a_segment_cut_short_in_the_making_is_made_again(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    async with EventStore.open(tmp_path, options, clock) as store:
        with file_size_limit(4096), pytest.raises(StoreError, match="refused a commit"):
            await store.append(Batch(TELEMETRY, (), (make_event(1),)))
        # as `kill -9` at this moment would leave it
        shutil.copytree(tmp_path, tmp_path / "left")
    async with EventStore.open(tmp_path / "left", options, clock) as store:
        assert (await store.append(Batch(TELEMETRY, (), (make_event(1),)))).seqs == (1,)


async def test_a_change_of_a_segment_that_kill_9_cut_short_is_undone(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    """As when it happens while a new segment becomes one with a write-ahead log."""
    async with EventStore.open(tmp_path / "data", options, clock) as store:
        await store.append(Batch(TELEMETRY, (), (make_event(1),)))
    (segment,) = (tmp_path / "data" / "segments").glob("*.telemetry.sqlite")
    with closing(apsw.Connection(str(segment))) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN; INSERT OR REPLACE INTO meta VALUES('probe', 1)")
        connection.cache_flush()
        shutil.copytree(tmp_path / "data", tmp_path / "left")
        connection.execute("ROLLBACK")
    assert list((tmp_path / "left" / "segments").glob("*-journal"))
    async with EventStore.open(tmp_path / "left", options, clock) as store:
        assert [event.seq for event in await store.events(limit=10)] == [1]


async def test_an_unopenable_directory_is_a_store_error(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    (tmp_path / "data").write_text("a file where the directory should be")
    with pytest.raises(StoreError, match="can't be opened"):
        async with EventStore.open(tmp_path / "data", options, clock):
            pass


async def test_nothing_acknowledged_is_lost_by_kill_9(
    tmp_path: Path, options: StoreOptions, clock: HeldClock
) -> None:
    acknowledged: list[int] = []
    for _ in range(3):
        acknowledged += await asyncio.to_thread(_append_until_killed, tmp_path)
        async with EventStore.open(tmp_path, options, clock) as store:
            found = await store.events(limit=1_000_000)
            assert {event.seq for event in found} >= set(acknowledged)
            assert len({event.id for event in found}) == len(found)
            raw_ids = [event.raw_id for event in found if event.raw_id is not None]
            assert len(set(raw_ids)) == len(raw_ids)
            assert store.raw_id() > max(raw_ids)
