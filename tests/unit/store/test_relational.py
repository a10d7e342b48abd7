from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.driver import DeviceEntry, DeviceOptions
from gateway.errors import StoreError
from gateway.profile import Grade, Profile
from gateway.store.relational import Tables
from tests.unit.store.store_case import HeldClock

PROFILE = Profile(
    profile="meter", driver="modbus", title="Meter", grade=Grade.DERIVED, source="x", points={}
)


def _entry(device: str, name: str | dict[str, str]) -> tuple[str, DeviceEntry]:
    return "modbus", DeviceEntry(device, name, "bus", PROFILE, DeviceOptions(), 1.0)


async def test_names_of_removed_devices_outlive_the_configuration(
    tmp_path: Path, clock: HeldClock
) -> None:
    path = tmp_path / "tables.sqlite"
    async with Tables.open(path, clock) as tables:
        await tables.remember([_entry("m1", "Main"), _entry("m2", {"zh-CN": "二号", "en": "Two"})])
        await tables.remember([_entry("m1", "Main meter")])
    async with Tables.open(path, clock) as tables:
        assert await tables.names() == {"m1": "Main meter", "m2": {"zh-CN": "二号", "en": "Two"}}


async def test_tables_answer_from_any_task(tmp_path: Path, clock: HeldClock) -> None:
    opened: asyncio.Future[Tables] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def own() -> None:
        async with Tables.open(tmp_path / "tables.sqlite", clock) as tables:
            opened.set_result(tables)
            await done.wait()

    owner = asyncio.create_task(own())
    tables = await opened
    await tables.remember([_entry("m1", "Main")])
    assert await tables.names() == {"m1": "Main"}
    done.set()
    await owner


async def test_a_file_that_cannot_be_opened_is_a_store_error(
    tmp_path: Path, clock: HeldClock
) -> None:
    path = tmp_path / "tables.sqlite"
    path.write_bytes(b"not a database, by far" * 100)
    with pytest.raises(StoreError, match="the tables"):
        async with Tables.open(path, clock):
            pass
