"""Writing one segment: whole transactions, each on disk when `commit` returns."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

import apsw

from gateway.errors import StoreError
from gateway.model import DeviceEvent, Receipt, Retention
from gateway.seal import Keyring
from gateway.sqlite import drafted, open_draft, open_reader, open_writer, transaction
from gateway.store import schema
from gateway.store.batch import Batch
from gateway.store.blocks import REACH, rows_of_blocks
from gateway.store.catalog import SegmentFile
from gateway.store.known import KnownIds
from gateway.store.names import Names
from gateway.store.rows import is_never, is_number, is_plain
from gateway.store.segment_key import SegmentKey, begin, bodies_of, index_of, key_of
from gateway.store.sheet import Sheet

_LAST = (
    "SELECT max(coalesce((SELECT seq + span FROM event ORDER BY seq DESC LIMIT 1), 0),"
    " coalesce((SELECT max(id) FROM quarantine), 0))"
)
_NOTED = 4096
"""Channels and buckets that are remembered as written."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What one transaction did: the outcome of each batch, the events with their seqs."""

    outcomes: Sequence[Receipt | StoreError]
    stored: Sequence[tuple[int, DeviceEvent]]
    next_seq: int


class SegmentWriter:
    """The only writer of an open segment; lives in the writer thread."""

    def __init__(self, file: SegmentFile, ring: Keyring | None) -> None:
        self.file = file
        if not file.path.exists():
            _make(file, ring)
        self._connection = open_writer(file.path)
        try:
            self._key = key_of(self._connection, file, ring)
            self._bodies, self._index = bodies_of(self._key), index_of(self._key)
            self._names = Names(self._connection)
            self._known = KnownIds(self._connection, self._bodies)
            self._noted: set[tuple[int, int]] = set()
        except BaseException:
            self._connection.close()
            raise

    @property
    def is_due(self) -> bool:
        """Whether more may be written: not after its key was replaced by another."""
        return self._key is None or self._key.is_active

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
        is_bare = _bare(self.file, self._key)
        sheet = Sheet(self._names, self._bodies, known, next_seq, self._index, is_bare)
        outcomes = [sheet.add(batch) for batch in batches]
        try:
            self._insert_all(sheet, meanwhile)
        except BaseException:
            self._names = Names(self._connection)
            self._noted.clear()
            raise
        return Committed(outcomes, sheet.stored, sheet.next_seq)

    def probe(self) -> None:
        """Commit something of no meaning, to learn whether the disk takes it."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES('probe', random())")

    def _insert_all(self, sheet: Sheet, meanwhile: Callable[[], None]) -> None:
        blocks, found = rows_of_blocks(sorted(sheet.raws), self._bodies, REACH)
        channels = found - self._noted
        self._noted = found if len(self._noted) > _NOTED else self._noted | found
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


def inspect(file: SegmentFile, ring: Keyring | None) -> int:
    """The highest seq or quarantine id in a segment; ConfigError as `key_of`.

    What a crash left of a change is undone first: a reader may not do that.
    """
    try:
        return _last_in(file, ring)
    except apsw.ReadOnlyError:
        open_writer(file.path).close()
        return _last_in(file, ring)


def _last_in(file: SegmentFile, ring: Keyring | None) -> int:
    with closing(open_reader(file.path, immutable=file.closed)) as connection:
        key_of(connection, file, ring)
        return int(connection.execute(_LAST).get)


def _bare(file: SegmentFile, key: SegmentKey | None) -> Callable[[DeviceEvent], bool]:
    """Which events need no body here."""
    if key is None:
        return is_plain
    return is_number if file.retention is Retention.TELEMETRY else is_never


def _make(file: SegmentFile, ring: Keyring | None) -> None:
    """Create a segment; a crash leaves it ready to be written, or not there."""
    with (
        drafted(file.path) as draft,
        closing(open_draft(draft)) as connection,
        transaction(connection),
    ):
        connection.execute(schema.SEGMENT)
        begin(connection, ring)
        connection.execute(f"PRAGMA user_version = {schema.FORMAT}")
