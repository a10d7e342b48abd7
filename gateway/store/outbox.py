"""Durable deliveries: in order for each destination, tried again, and never silently given up.

Their file is sealed as a whole: what is owed to another system names patients.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.errors import StoreError
from gateway.model import Clock, Instant
from gateway.seal import Keyring, Progress
from gateway.sqlite import open_sealed, reseal, transaction

_T = TypeVar("_T")
_FORMAT = 3
_TABLES = """
CREATE TABLE delivery(
  id INTEGER PRIMARY KEY AUTOINCREMENT, destination TEXT NOT NULL, key TEXT NOT NULL,
  payload BLOB NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting',
  error TEXT NOT NULL DEFAULT '', urgent INTEGER NOT NULL DEFAULT 0, UNIQUE(destination, key)
);
CREATE INDEX delivery_waiting ON delivery(destination, urgent DESC, id) WHERE state = 'waiting';
CREATE INDEX delivery_key ON delivery(key);
CREATE INDEX delivery_dead ON delivery(id) WHERE state = 'dead';
"""
_FROM_2 = """
ALTER TABLE delivery ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;
DROP INDEX delivery_waiting;
CREATE INDEX delivery_waiting ON delivery(destination, urgent DESC, id) WHERE state = 'waiting';
"""
_COLUMNS = "id, destination, key, payload, created, due, attempts, error, urgent"
_ENQUEUE = (
    "INSERT INTO delivery(destination, key, payload, created, due, urgent) VALUES(?,?,?,?,?,?)"
    " ON CONFLICT DO NOTHING"
)
_PROBE = "UPDATE delivery SET due = ? WHERE destination = ? AND state = 'waiting' AND urgent"
_HEAD = (
    f"SELECT {_COLUMNS} FROM delivery WHERE destination = ? AND state = 'waiting'"  # noqa: S608
    " ORDER BY urgent DESC, id LIMIT 1"
)
_OWED = (
    f"SELECT {_COLUMNS} FROM delivery WHERE destination = ? AND state = 'waiting'"  # noqa: S608
    " ORDER BY urgent DESC, id LIMIT ?"
)
_WAITING = "SELECT count(*) FROM delivery WHERE destination = ? AND state = 'waiting'"
_FATES = (
    "SELECT id, destination, key, state, created, attempts, error FROM delivery"
    " WHERE key >= ? AND key < ? ORDER BY id DESC LIMIT ?"
)
_BURY = (
    "UPDATE delivery SET state = 'dead', attempts = attempts + 1, error = ?2"
    " WHERE id = ?1 AND state = 'waiting'"
)
_DEAD = f"SELECT {_COLUMNS} FROM delivery WHERE state = 'dead' ORDER BY id LIMIT ?"  # noqa: S608
_FAILED = (
    "UPDATE delivery SET attempts = attempts + 1, error = ?2,"
    " state = iif(attempts + 1 >= ?3, 'dead', 'waiting'),"
    " due = ?4 + min(?5 << min(attempts, 20), ?6) WHERE id = ?1 AND state = 'waiting'"
)
_LATER = (
    "UPDATE delivery SET attempts = attempts + 1, error = ?2,"
    " due = ?3 + min(?4 << min(attempts, 20), ?5) WHERE id = ?1 AND state = 'waiting'"
)
_REVIVE = "UPDATE delivery SET state = 'waiting', attempts = 0, due = ? WHERE id = ?"
_DELIVERED = "UPDATE delivery SET state = 'delivered', payload = x'', error = '' WHERE id = ?"
_FORGET = "DELETE FROM delivery WHERE state = 'delivered' AND created < ?"
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something owed to a destination. `due` is when it may be tried; `error` the last refusal."""

    id: int
    destination: str
    key: str
    payload: bytes
    created: Instant
    due: Instant
    attempts: int
    error: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a delivery: `state` is `waiting`, `delivered` or `dead`."""

    id: int
    destination: str
    key: str
    state: str
    created: Instant
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits double from `first` to `longest` seconds; after `attempts` it is a dead letter."""

    first: int = 1
    longest: int = 300
    attempts: int = 50


class Outbox:
    """The deliveries of a gateway. Whoever sends asks for the head, sends, then says how it went.

    A destination's head blocks what is behind it: order is kept among what is urgent, which goes
    first, and among the rest. A dead letter blocks nobody; it waits for a person. The key makes
    repeated enqueueing one delivery, also after it was delivered, until `forget` drops it.
    """

    name = "outbox"

    def __init__(self, path: Path, ring: Keyring, clock: Clock, backoff: Backoff) -> None:
        self._path, self._ring = path, ring
        self.purposes = (path.name,)
        self._clock, self._backoff = clock, backoff
        self._connection = open_sealed(path, ring)
        made_by = self._connection.pragma("user_version")
        if made_by != _FORMAT:
            with transaction(self._connection):
                self._connection.execute(_FROM_2 if made_by else _TABLES)
                self._connection.execute(f"PRAGMA user_version = {_FORMAT}")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outbox")

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, ring: Keyring, clock: Clock, backoff: Backoff | None = None
    ) -> AsyncIterator[Outbox]:
        """Open or create the file; StoreError if it can't be."""
        try:
            outbox = cls(path, ring, clock, backoff or Backoff())
        except apsw.Error as error:
            raise StoreError(f"{path}: the outbox can't be opened: {error}") from error
        try:
            with ring.used_by(outbox):
                yield outbox
        finally:
            await asyncio.to_thread(outbox._thread.shutdown)
            outbox._connection.close()

    async def enqueue(self, destination: str, key: str, payload: bytes) -> bool:
        """Owe a delivery, durably; False if this key is known for this destination."""
        now = self._clock.now()
        return await self._change(_ENQUEUE, destination, key, payload, now, now, 0)

    async def enqueue_all(
        self, owed: Sequence[tuple[str, str, bytes]], *, urgent: bool = False
    ) -> int:
        """Owe (destination, key, payload) each, all or none; how many keys were not known.

        What is urgent goes before the rest, and whatever is urgent there is due at once.
        """
        now = self._clock.now()

        def change() -> int:
            with transaction(self._connection):
                before = self._connection.total_changes()
                rows = [(*each, now, now, int(urgent)) for each in owed]
                self._connection.executemany(_ENQUEUE, rows)
                new = self._connection.total_changes() - before
                if new and urgent:
                    places = {(now, destination) for destination, _, _ in owed}
                    self._connection.executemany(_PROBE, places)
                return new

        return await self._run(change)

    async def head(self, destination: str) -> Delivery | None:
        """The next delivery of a destination, due or not; None if nothing is owed."""
        return next(iter(await self._rows(_HEAD, destination)), None)

    async def owed(self, destination: str, limit: int) -> list[Delivery]:
        """The next deliveries of a destination, in order, due or not."""
        return await self._rows(_OWED, destination, limit)

    async def count(self, destination: str) -> int:
        """How many deliveries a destination has coming."""
        return await self._run(
            lambda: int(next(iter(self._connection.execute(_WAITING, (destination,))))[0])
        )

    async def delivered(self, *deliveries: Delivery) -> None:
        """Their receiver has them, all together; only the keys are kept."""

        def change() -> None:
            with transaction(self._connection):
                self._connection.executemany(_DELIVERED, [(each.id,) for each in deliveries])

        await self._run(change)

    async def bury(self, delivery: Delivery, error: str) -> None:
        """It will never be taken: a dead letter at once."""
        await self._change(_BURY, delivery.id, error)

    async def fates(self, prefix: str, limit: int = 100) -> list[Fate]:
        """What became of deliveries whose key begins so, newest first."""
        binds = (prefix, prefix + "\U0010ffff", limit)
        return await self._run(
            lambda: [Fate(*row) for row in self._connection.execute(_FATES, binds)]
        )

    async def failed(self, delivery: Delivery, error: str) -> None:
        """It was refused: due again later, or a dead letter."""
        back, now = self._backoff, self._clock.now()
        await self._change(_FAILED, delivery.id, error, back.attempts, now, *self._waits)

    async def later(self, delivery: Delivery, error: str) -> None:
        """Its receiver is away: due again later, for as long as that takes."""
        await self._change(_LATER, delivery.id, error, self._clock.now(), *self._waits)

    @property
    def _waits(self) -> tuple[int, int]:
        return self._backoff.first * _SECOND, self._backoff.longest * _SECOND

    async def dead(self, limit: int = 100) -> list[Delivery]:
        """Dead letters, oldest first."""
        return await self._rows(_DEAD, limit)

    async def revive(self, delivery_id: int) -> bool:
        """Try a dead letter again, in its old place; False if there is none."""
        return await self._change(_REVIVE, self._clock.now(), delivery_id)

    async def forget(self, before: Instant) -> None:
        """Drop the keys of what was delivered and enqueued before an instant."""
        await self._change(_FORGET, before)

    async def save(self, target: Path) -> None:
        """Copy the file as it stands, sealed, to one of the same name (a backup's)."""
        await self._run(lambda: self._connection.save(target))

    async def keys(self) -> set[int]:
        """The keys that seal the file (`gateway.seal.KeyUser`)."""
        return await self._run(self._connection.keys)

    async def reseal(self, progress: Progress) -> None:
        """Write the file anew under the active key; deliveries wait meanwhile."""
        progress(0, 1)
        await self._run(self._reseal)
        progress(1, 1)

    def _reseal(self) -> None:
        self._connection.close()
        try:
            reseal(self._path, self._ring)
        finally:
            self._connection = open_sealed(self._path, self._ring)

    async def _change(self, statement: str, *binds: apsw.SQLiteValue) -> bool:
        def change() -> bool:
            with transaction(self._connection):
                self._connection.execute(statement, binds)
                return self._connection.changes() > 0

        return await self._run(change)

    async def _rows(self, statement: str, *binds: apsw.SQLiteValue) -> list[Delivery]:
        return await self._run(
            lambda: [_delivery(*row) for row in self._connection.execute(statement, binds)]
        )

    async def _run(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (apsw.Error, OSError) as error:
            raise StoreError(f"the outbox failed: {error}") from error


def _delivery(*row: apsw.SQLiteValue) -> Delivery:
    delivery = Delivery(*row)  # type: ignore[arg-type]
    return replace(delivery, urgent=bool(delivery.urgent))
