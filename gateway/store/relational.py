"""The relational tables, in a file of their own: what changes in place and is not an event."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import apsw
from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException
from tortoise.migrations.executor import MigrationExecutor
from tortoise.models import Model
from tortoise.transactions import in_transaction

from gateway.driver import DeviceEntry
from gateway.errors import StoreError
from gateway.model import Clock, Localized
from gateway.room import TableSet

_CONNECTION = "tables"
_OWN = {"store": TableSet((__name__,), "gateway.store.migrations")}


class DeviceRecord(Model):
    """A device that was ever in devices.yaml; `removed_at` (µs) when it no longer is."""

    id = fields.CharField(max_length=200, primary_key=True)
    name: Any = fields.JSONField()
    driver = fields.CharField(max_length=100)
    profile = fields.CharField(max_length=100)
    first_seen = fields.BigIntField()
    removed_at = fields.BigIntField(null=True)

    class Meta:
        table = "device"


class Tables:
    """The tables of the store, and those of rooms; a `gateway.room.RoomTables`."""

    def __init__(self, context: TortoiseContext, clock: Clock) -> None:
        self._context, self._clock = context, clock
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, clock: Clock, rooms: Mapping[str, TableSet] | None = None
    ) -> AsyncIterator[Tables]:
        """Open or create the file and bring it to the current tables; StoreError if it can't be.

        `rooms` bring tables of their own, by room.
        """
        _check(path)
        config = _config(path, {**_OWN, **(rooms or {})})
        context = TortoiseContext()
        try:
            with context:
                await context.init(config=config)
                connection = context.connections.get(_CONNECTION)
                await MigrationExecutor(connection, config["apps"]).migrate()
            yield cls(context, clock)
        except (BaseORMException, sqlite3.Error) as error:
            raise StoreError(f"{path}: the tables can't be used: {error}") from error
        finally:
            await context.close_connections()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[BaseDBAsyncClient]:
        """A connection in one transaction; see `gateway.room.RoomTables`."""
        async with self._turn:
            try:
                with self._context:
                    async with in_transaction(_CONNECTION) as connection:
                        yield connection
            except (BaseORMException, sqlite3.Error) as error:
                raise StoreError(f"the tables can't be used: {error}") from error

    async def remember(self, entries: Iterable[tuple[str, DeviceEntry]]) -> None:
        """Note the (driver, entry) pairs of the configuration; all others count as removed."""
        now = self._clock.now()
        async with self.use() as connection:
            known = {row.id: row for row in await DeviceRecord.all(using_db=connection)}
            for driver, entry in entries:
                row = known.pop(entry.id, None) or DeviceRecord(id=entry.id, first_seen=now)
                row.name, row.driver = _fold(entry.name), driver
                row.profile, row.removed_at = entry.profile.profile, None
                await row.save(using_db=connection)
            for row in known.values():
                row.removed_at = row.removed_at or now
                await row.save(using_db=connection)

    async def names(self) -> dict[str, Localized]:
        """The name of every device that was ever configured, removed ones included."""
        async with self.use() as connection:
            rows = await DeviceRecord.all(using_db=connection)
        return {row.id: _unfold(row.name) for row in rows}


_EVERY_LANGUAGE = ""


def _fold(name: Localized) -> dict[str, str]:
    return dict(name) if isinstance(name, Mapping) else {_EVERY_LANGUAGE: name}


def _unfold(folded: Mapping[str, str]) -> Localized:
    return folded.get(_EVERY_LANGUAGE) or folded


def _check(path: Path) -> None:
    """Refuse what is no database before Tortoise meets it: its connection would never close."""
    try:
        with closing(apsw.Connection(str(path))) as connection:
            connection.pragma("schema_version")
    except apsw.Error as error:
        raise StoreError(f"{path}: the tables can't be used: {error}") from error


def _config(path: Path, sets: Mapping[str, TableSet]) -> dict[str, Any]:
    credentials = {
        "file_path": str(path),
        "journal_mode": "DELETE",
        "synchronous": "FULL",
        "busy_timeout": 5000,
    }
    engine = "tortoise.backends.sqlite"
    return {
        "connections": {_CONNECTION: {"engine": engine, "credentials": credentials}},
        "apps": {
            name: {
                "models": list(tables.models),
                "default_connection": _CONNECTION,
                "migrations": tables.migrations,
            }
            for name, tables in sets.items()
        },
    }
