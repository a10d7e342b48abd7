"""A SQLite file of rows, and a driver that reads it over ports in memory."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import yaml

from drivers.sqlpoll import driver_type
from drivers.sqlpoll.driver import SqlDriver
from gateway import DeviceEntry, Instant, LinkEntry, Profile
from gateway.testing import ManualClock, MemoryPorts

NOW = Instant(1_795_392_000_000_000 + 20 * 60 * 1_000_000)
"""2026-11-23 08:20 in Shanghai."""


def shipped(name: str) -> Profile:
    text = (driver_type.home / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    return driver_type.profile.model_validate(yaml.safe_load(text))


def device(profile: Profile, **options: Any) -> DeviceEntry:
    said = driver_type.device.model_validate(options)
    return DeviceEntry("device", "Device", "link", profile, said, 1.0, zone="Asia/Shanghai")


def link(path: Path, *devices: DeviceEntry, page: int = 3) -> LinkEntry:
    options = driver_type.link.model_validate({"database": "sqlite", "path": path, "page": page})
    return LinkEntry("link", "sqlpoll", options, None, devices)


def upsert(path: Path, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows; the first column is the key."""
    columns = list(rows[0])
    named = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" for _ in columns)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{table}" ({named}, PRIMARY KEY ("{columns[0]}"))'
        )
        connection.executemany(
            f'INSERT OR REPLACE INTO "{table}" VALUES ({marks})',  # noqa: S608
            [[row[column] for column in columns] for row in rows],
        )


def ports_at(now: Instant = NOW) -> MemoryPorts:
    return MemoryPorts(clock=ManualClock(now))


@asynccontextmanager
async def polled(ports: MemoryPorts, entry: LinkEntry) -> AsyncIterator[None]:
    """A driver that has taken its first turn."""
    task = asyncio.create_task(SqlDriver(entry).run(ports))
    awaited = ports.waiting + len(entry.devices)
    try:
        await until(ports, task, awaited)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(ports: MemoryPorts, task: asyncio.Task[None], waiting: int) -> None:
    await ports.until(lambda: ports.waiting >= waiting or task.done())
    if task.done():
        task.result()


async def turn(ports: MemoryPorts) -> None:
    """One more poll, to its end."""
    awaited = ports.waiting + 1
    ports.turn()
    await ports.until(lambda: ports.waiting >= awaited)
