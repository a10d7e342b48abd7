"""One open database and the thread that asks it: the only place where a statement blocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVar

from drivers.sqlpoll.dialect import Dialect, Statement
from drivers.sqlpoll.engine import DbConnection, Engine
from gateway import DeviceUnavailable, sentence

T = TypeVar("T")
Rows: TypeAlias = Sequence[Sequence[object]]


class Database:
    """Runs one statement at a time, each in a transaction of its own that is rolled back."""

    def __init__(
        self, name: str, engine: Engine, dialect: Dialect, threads: ThreadPoolExecutor
    ) -> None:
        self._name = name
        self._engine = engine
        self._dialect = dialect
        self._threads = threads
        self._connection: DbConnection
        self._identity: object = None

    async def open(self) -> None:
        """Connect; DeviceUnavailable if the database can't be reached."""
        await self._away(self._connect)

    async def select(self, statement: Statement) -> Rows:
        """Every row of a statement.

        DeviceUnavailable if the database refuses it; ConnectionError if the database is lost.
        """
        return await self._away(lambda: self._select(statement))

    async def close(self) -> None:
        """End what runs, and disconnect."""
        self._engine.interrupt(self._connection)
        await self._away(self._connection.close)

    def _connect(self) -> None:
        try:
            self._identity = self._engine.identity()
            self._connection = self._engine.connect()
        except (self._engine.error, OSError) as error:
            self._identity = None
            raise DeviceUnavailable(
                sentence("the database can't be opened: {error}", error=_first_line(error))
            ) from error

    def _follow_file(self) -> None:
        """Open what lies at its place now: the old file, once open, could be read for ever."""
        try:
            if self._engine.identity() == self._identity:
                return
        except OSError as error:
            raise DeviceUnavailable(
                sentence("the database can't be opened: {error}", error=_first_line(error))
            ) from error
        former = self._connection
        self._connect()
        former.close()

    def _select(self, statement: Statement) -> Rows:
        self._follow_file()
        try:
            cursor = self._connection.cursor()
            if self._dialect.begin:
                cursor.execute(self._dialect.begin)
            cursor.execute(statement.sql, statement.parameters)
            rows = cursor.fetchall()
            cursor.close()
            self._connection.rollback()
        except self._engine.error as error:
            self._recover(error)
            raise DeviceUnavailable(
                sentence("the database refuses: {error}", error=_first_line(error))
            ) from error
        return rows

    def _recover(self, cause: Exception) -> None:
        try:
            self._connection.rollback()
        except self._engine.error:
            raise ConnectionError(
                sentence("the database is lost: {error}", error=_first_line(cause))
            ) from cause

    async def _away(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


@asynccontextmanager
async def open_database(name: str, engine: Engine, dialect: Dialect) -> AsyncIterator[Database]:
    """A connection for the block; its thread ends with it."""
    threads = ThreadPoolExecutor(1, thread_name_prefix=f"sqlpoll-{name}")
    try:
        database = Database(name, engine, dialect, threads)
        await database.open()
        try:
            yield database
        finally:
            await database.close()
    finally:
        threads.shutdown(wait=False)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
