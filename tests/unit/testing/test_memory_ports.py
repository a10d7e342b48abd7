"""The ports in memory, which tests of drivers rely on."""

from __future__ import annotations

import asyncio

import pytest

from gateway import (
    DeviceUnavailable,
    Direction,
    Publication,
    QuarantineReason,
    RawId,
    Reading,
    StoreError,
)
from gateway.testing import ManualClock, MemoryPorts


def publication(occurrence: bytes, raw_id: RawId) -> Publication:
    return Publication("t01", (Reading("a", "1"), Reading("b", "2")), (raw_id,), occurrence)


async def test_a_publication_is_committed_with_its_bytes_once() -> None:
    ports = MemoryPorts()
    record = ports.record(b"bytes", session="s")
    first = await ports.publish(publication(b"x", record.raw_id), record)
    again = await ports.publish(publication(b"x", record.raw_id))
    other = await ports.publish(publication(b"y", record.raw_id))
    assert (first.seqs, again.seqs, again.duplicate, other.seqs) == ((1, 2), (), 2, (3, 4))
    assert ports.records == [record]
    assert len(ports.publications) == 2


async def test_a_store_that_fails_commits_nothing() -> None:
    ports = MemoryPorts()
    ports.store_works = False
    record = ports.record(b"bytes")
    entry = ports.quarantined(record, QuarantineReason.UNREADABLE, "s", "d")
    for commit in (
        ports.journal(record),
        ports.publish(publication(b"x", record.raw_id), record),
        ports.quarantine(entry, record),
        ports.availability("t01", online=True),
    ):
        with pytest.raises(StoreError):
            await commit
    assert (ports.records, ports.publications, ports.quarantine_list) == ([], [], [])
    assert ports.availabilities == []


async def test_dying_after_a_commit_leaves_it_committed() -> None:
    ports = MemoryPorts()
    ports.dies_after = ConnectionResetError()
    record = ports.record(b"bytes")
    with pytest.raises(ConnectionResetError):
        await ports.journal(record)
    assert ports.records == [record]
    await ports.journal(record)


async def test_held_commits_are_done_in_order_when_released() -> None:
    ports = MemoryPorts()
    ports.hold()
    records = [ports.record(bytes([at])) for at in range(5)]
    async with asyncio.TaskGroup() as tasks:
        for record in records:
            tasks.create_task(ports.journal(record))
        await asyncio.sleep(0)
        assert ports.records == []
        ports.release()
        await ports.until(lambda: len(ports.records) == 5)
    assert ports.records == records


async def test_recent_records_are_a_sessions_own_incoming_ones_newest_first() -> None:
    ports = MemoryPorts()
    mine = [ports.record(bytes([at]), session="mine") for at in range(3)]
    out = ports.record(b"out", session="mine", direction=Direction.OUT)
    theirs = ports.record(b"x", session="theirs")
    await ports.journal(*mine, out, theirs)
    assert await ports.recent("mine", 2) == (mine[2], mine[1])


async def test_only_changes_of_availability_are_noted() -> None:
    ports = MemoryPorts()
    for online in (True, True, False, False):
        await ports.availability("t01", online=online)
    assert ports.availabilities == [("t01", True, ""), ("t01", False, "")]


async def test_without_a_connector_the_link_is_unavailable() -> None:
    with pytest.raises(DeviceUnavailable, match="no connector"):
        MemoryPorts().connect()


def test_the_clock_moves_when_it_is_told() -> None:
    clock = ManualClock()
    before = clock.now()
    clock.advance(1.5)
    assert clock.now() - before == 1_500_000
