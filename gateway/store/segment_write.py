"""Writing one segment: whole transactions, each on disk when `commit` returns."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

import apsw

from gateway.errors import ConfigError, StoreError
from gateway.model import DeviceEvent, Receipt
from gateway.sqlite import open_reader, open_writer, sync_folder, transaction
from gateway.store import schema
from gateway.store.batch import Batch
from gateway.store.blocks import REACH, rows_of_blocks
from gateway.store.body import Bodies
from gateway.store.catalog import SegmentFile
from gateway.store.known import KnownIds
from gateway.store.names import Names
from gateway.store.sheet import Sheet
from gateway.store.subject import key_mark

_LAST = (
    "SELECT max(coalesce((SELECT seq + span FROM event ORDER BY seq DESC LIMIT 1), 0),"
    " coalesce((SELECT max(id) FROM quarantine), 0))"
)


@dataclass(frozen=True, slots=True)
class Committed:
    """What one transaction did: the outcome of each batch, the events with their seqs."""

    outcomes: Sequence[Receipt | StoreError]
    stored: Sequence[tuple[int, DeviceEvent]]
    next_seq: int


class SegmentWriter:
    """The only writer of an open segment; lives in the writer thread."""

    def __init__(self, file: SegmentFile, subject_key: bytes) -> None:
        self.file = file
        self._key = subject_key
        self._bodies = Bodies()
        self._connection = open_writer(file.path)
        try:
            _prepare(self._connection, file, subject_key)
            self._names = Names(self._connection)
            self._known = KnownIds(self._connection)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def known(self, halves: array.array[int]) -> set[bytes]:
        """As `KnownIds.among`."""
        return self._known.among(halves)

    def commit(
        self,
        batches: Iterable[Batch],
        known: set[bytes],
        next_seq: int,
        meanwhile: Callable[[], None],
    ) -> Committed:
        """Write batches in one transaction; whatever it raises, nothing of it was stored.

        `meanwhile` is called when only the disk's part is left.
        """
        sheet = Sheet(self._names, self._bodies, known, next_seq, self._key)
        outcomes = [sheet.add(batch) for batch in batches]
        try:
            self._insert_all(sheet, meanwhile)
        except BaseException:
            self._names = Names(self._connection)
            raise
        return Committed(outcomes, sheet.stored, sheet.next_seq)

    def probe(self) -> None:
        """Commit something of no meaning, to learn whether the disk takes it."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES('probe', random())")

    def _insert_all(self, sheet: Sheet, meanwhile: Callable[[], None]) -> None:
        blocks, channels = rows_of_blocks(sorted(sheet.raws), self._bodies, REACH)
        with transaction(self._connection):
            self._names.flush()
            for statement, rows in (
                (schema.INSERT_BLOCK, blocks),
                (schema.INSERT_BLOCK_CHANNEL, channels),
                (schema.INSERT_EVENT, sheet.events),
                (schema.INSERT_QUARANTINE, sheet.quarantine),
                (schema.INSERT_RESOLUTION, sheet.resolutions),
            ):
                if rows:
                    self._connection.executemany(statement, rows)
            meanwhile()


def inspect(file: SegmentFile, subject_key: bytes) -> int:
    """The highest seq or quarantine id in a segment; ConfigError if it was keyed otherwise."""
    with closing(open_reader(file.path, immutable=file.closed)) as connection:
        mark = connection.execute("SELECT value FROM meta WHERE key = 'subject_key'").get
        if mark not in (None, key_mark(subject_key)):
            raise ConfigError(
                f"{file.path.name} was indexed with another subject key: restore the key that the"
                " store was made with"
            )
        return int(connection.execute(_LAST).get)


def _prepare(connection: apsw.Connection, file: SegmentFile, subject_key: bytes) -> None:
    if connection.pragma("user_version") == 0:
        with transaction(connection):
            connection.execute(schema.SEGMENT)
            connection.execute(
                "INSERT INTO meta VALUES('subject_key', ?)", (key_mark(subject_key),)
            )
            connection.execute(f"PRAGMA user_version = {schema.FORMAT}")
        sync_folder(file.folder)
