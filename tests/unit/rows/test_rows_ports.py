"""The ports that polled sources need: turns by the wire clock, and a page in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.driver import Driver, DriverType, LinkEntry, LinkOptions
from gateway.errors import StoreError
from gateway.model import Micros, Publication, QuarantineReason, Reading
from gateway.registry import Registry
from gateway.store import EventStore, StoreOptions
from gateway.supervisor import Intake
from gateway.supervisor.ports import LinkPorts
from gateway.supervisor.tap import TapHub
from gateway.supervisor.turns import turns
from gateway.testing import ManualClock
from tests.unit.engine.sites import PROFILE, device, link
from tests.unit.modbus.quick import quick


def no_driver(_link: LinkEntry) -> Driver:
    raise AssertionError("nobody starts a driver here")


DRIVERS = {"test": DriverType("test", "1", no_driver, Path(), type(PROFILE), LinkOptions)}
LINE = link("line", device("d"))


class Disk:
    """Free space as the store sees it."""

    free = 1 << 40

    def __call__(self, _path: Path) -> int:
        return self.free


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def store(tmp_path: Path, disk: Disk) -> AsyncIterator[EventStore]:
    options = StoreOptions(free_space=disk)
    async with EventStore.open(tmp_path / "store", options, ManualClock()) as opened:
        yield opened


@pytest.fixture
def ports(store: EventStore) -> LinkPorts:
    intake = Intake("site", store, Registry(), ManualClock(), Micros(60_000_000))
    intake.configure([LINE], DRIVERS)
    return LinkPorts(LINE, intake, TapHub(ManualClock()), lambda _session: None)


def said(number: int, code: str = "temperature") -> Publication:
    return Publication("d", (Reading(code, str(number), float(number)),), (), bytes([number]))


async def test_a_page_is_one_transaction_and_known_statements_stay_one(
    ports: LinkPorts, store: EventStore
) -> None:
    record, again = ports.record(b"page", device="d"), ports.record(b"again", device="d")
    page = [replace(each, raw_ids=(record.raw_id,)) for each in (said(1), said(2), said(3, "x"))]
    refused = ports.quarantined(record, QuarantineReason.UNREADABLE, "d", "no key")
    receipt = await ports.publish_all(page, [refused], record)
    assert (len(receipt.seqs), receipt.duplicate, receipt.quarantined) == (2, 0, 2)
    more = [replace(each, raw_ids=(again.raw_id,)) for each in (said(2), said(4))]
    receipt = await ports.publish_all(more, [], again)
    assert (len(receipt.seqs), receipt.duplicate) == (1, 1)
    reasons = {entry.entry.reason for entry in await store.quarantine()}
    assert reasons == {QuarantineReason.UNREADABLE, QuarantineReason.UNKNOWN_CODE}


async def test_a_page_that_the_store_refuses_leaves_nothing(
    ports: LinkPorts, store: EventStore, disk: Disk
) -> None:
    record = ports.record(b"page", device="d")
    page = replace(said(1), raw_ids=(record.raw_id,))
    disk.free = 0
    with pytest.raises(StoreError):
        await ports.publish_all([page], [], record)
    assert await store.records() == []


@quick
async def test_turns_come_at_a_fixed_rate_and_missed_ones_are_left_out() -> None:
    loop, came = asyncio.get_running_loop(), []
    async for _ in turns(10):
        came.append(round(loop.time()))
        if len(came) == 3:
            await asyncio.sleep(25)
        if len(came) == 6:
            break
    assert came == [0, 10, 20, 50, 60, 70]
