"""Tables folded from the event stream: delete their file, and they are built anew.

The file is sealed as a whole, with its log: whatever a room keeps in it, nobody reads it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Generic, Protocol, Self, TypeVar

import apsw

from gateway.errors import StoreError
from gateway.model import DeviceEvent, Kind
from gateway.room import Emit
from gateway.seal import Keyring, Progress
from gateway.sqlite import (
    SealedConnection,
    is_plain,
    make_private,
    open_sealed,
    reseal,
    transaction,
)

_LAG = 10_000
"""Events of no concern after which the cursor is noted all the same."""

_CURSOR = "CREATE TABLE cursor(seq INTEGER NOT NULL); INSERT INTO cursor VALUES(0);"


class Fold(Protocol):
    """The tables of a projection, used by one thread at a time on the connection they were given.

    `schema` makes them; its number, `format`, is raised whenever they change, and older files
    are built anew.
    """

    format: ClassVar[int]
    schema: ClassVar[str]

    def __init__(self, connection: apsw.Connection) -> None: ...

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take in events, in order of seq, inside a transaction; the events that follow from them.

        Those need deterministic ids: a crash before the commit makes them again.
        """
        ...


F = TypeVar("F", bound=Fold)
_T = TypeVar("_T")


class Projection(Generic[F]):
    """A subscriber whose tables and cursor commit together, in a file of their own.

    Every method may raise StoreError. Questions and folding take turns on one thread; nobody
    sees what is folded and not yet committed.
    """

    def __init__(
        self,
        path: Path,
        ring: Keyring,
        tables: type[F],
        thread: ThreadPoolExecutor,
        kinds: Collection[Kind] = (),
    ) -> None:
        self.name, self.purposes = path.stem, (path.name,)
        self._path, self._thread, self._kinds = path, thread, frozenset(kinds)
        self._ring, self._make = ring, tables
        self._connection = _open(path, ring, tables)
        self._tables = tables(self._connection)
        self._noted = self._cursor = _read_cursor(self._connection)
        self._turn = asyncio.Lock()
        self._moved = asyncio.Event()
        self._watchers: list[Callable[[], None]] = []
        self.revision = 0
        """Grows whenever the tables may answer otherwise than before; starts again with us."""

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, path: Path, ring: Keyring, tables: type[F], kinds: Collection[Kind] = ()
    ) -> AsyncIterator[Self]:
        """Open or create the file; leaving waits for what is being written.

        Nobody else can open it meanwhile. Its stem names the subscriber. Only events of `kinds`
        reach `Fold.fold`; none means all.
        """
        make_private(path.parent)
        with ThreadPoolExecutor(1, thread_name_prefix=path.stem) as thread:
            try:
                projection = cls(path, ring, tables, thread, kinds)
            except (apsw.Error, OSError, StoreError) as error:
                raise StoreError(
                    f"{path} can't be opened ({error}): remove it, and it is built anew"
                ) from error
            try:
                with ring.used_by(projection):
                    yield projection
            finally:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(thread, projection._close)

    def cursor(self) -> int:
        return self._cursor

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Fold what is of concern. The rest is noted now and then: reading it again is cheap."""
        upto = events[-1].seq
        wanted = [
            event
            for event in events
            if event.seq > self._cursor and (not self._kinds or event.kind in self._kinds)
        ]
        async with self._turn:
            if wanted or upto - self._noted >= _LAG:
                await self._fold(wanted, upto, emit)
                self._noted = upto
                self.revision += bool(wanted)
        self._cursor = upto
        self._moved.set()
        self._moved = asyncio.Event()
        if wanted:
            for watcher in list(self._watchers):
                watcher()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` whenever events of concern were folded; returns how to stop."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    async def reached(self, seq: int) -> None:
        """Wait until everything up to `seq` is folded."""
        while self._cursor < seq:
            await self._moved.wait()

    async def ask(self, question: Callable[[F], _T]) -> _T:
        """Put a question to the tables, in their thread."""
        async with self._turn:
            return await self._run(lambda: question(self._tables))

    async def keys(self) -> set[int]:
        """The keys that seal the file (`gateway.seal.KeyUser`)."""
        async with self._turn:
            return await self._run(self._connection.keys)

    async def reseal(self, progress: Progress) -> None:
        """Write the file anew under the active key; questions and folding wait meanwhile."""
        progress(0, 1)
        async with self._turn:
            await self._run(self._reseal)
        progress(1, 1)

    def _reseal(self) -> None:
        self._connection.close()
        try:
            reseal(self._path, self._ring)
        finally:
            self._connection = _open(self._path, self._ring, self._make)
            self._tables = self._make(self._connection)

    async def _fold(self, events: Sequence[DeviceEvent], upto: int, emit: Emit) -> None:
        following = await self._run(lambda: self._begin(events, upto))
        try:
            if following:
                await emit(following)
        except BaseException:
            await self._run(self._undo)
            raise
        await self._run(self._commit)

    def _begin(self, events: Sequence[DeviceEvent], upto: int) -> Sequence[DeviceEvent]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            following = self._tables.fold(events) if events else ()
            self._connection.execute("UPDATE cursor SET seq = ?", (upto,))
        except BaseException:
            self._undo()
            raise
        return following

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _close(self) -> None:
        self._connection.close()

    def _undo(self) -> None:
        if not self._connection.get_autocommit():
            self._connection.execute("ROLLBACK")

    async def _run(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"{self._path}: {error}") from error


def _open(path: Path, ring: Keyring, tables: type[Fold]) -> SealedConnection:
    """The file with current tables; an older one, or one in plain text, is emptied first."""
    if is_plain(path):
        _remove(path)
    connection = open_sealed(path, ring)
    try:
        connection.pragma("synchronous", "NORMAL")
        if connection.pragma("user_version") not in (0, tables.format):
            connection.close()
            _remove(path)
            return _open(path, ring, tables)
        if connection.pragma("user_version") == 0:
            with transaction(connection):
                connection.execute(_CURSOR + tables.schema)
                connection.pragma("user_version", tables.format)
    except BaseException:
        connection.close()
        raise
    return connection


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _read_cursor(connection: apsw.Connection) -> int:
    (seq,) = next(connection.execute("SELECT seq FROM cursor"))
    return int(seq)
