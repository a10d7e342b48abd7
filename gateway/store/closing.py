"""Closing a segment: rewritten small, once, and read-only from then on."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw

from gateway.errors import StoreError
from gateway.sqlite import read_only_uri, sync_folder, transaction
from gateway.store import schema
from gateway.store.blocks import RawRow, decode_block, rows_of_blocks, runs
from gateway.store.body import Bodies
from gateway.store.catalog import SegmentFile

_LEVEL = 9
_COPIED = ("meta", "device", "series", "channel", "event", "quarantine", "resolution")


def close_segment(file: SegmentFile) -> SegmentFile:
    """Write the closed form of a segment that nobody writes any more, and return it.

    A crash leaves either form whole: the closed one appears by a rename after everything in it is
    on disk, and the open one is the caller's to remove afterwards.
    """
    closed = file.as_closed()
    draft = closed.path.with_name(closed.path.name + ".new")
    draft.unlink(missing_ok=True)
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    with closing(apsw.Connection(str(draft), flags=flags)) as target:
        target.execute("PRAGMA journal_mode=OFF")
        target.execute("PRAGMA synchronous=OFF")
        target.execute("ATTACH ? AS old", (read_only_uri(file.path),))
        with transaction(target):
            _copy(target)
            _compress(target, file)
        target.execute("DETACH old")
    _sync(draft)
    draft.rename(closed.path)
    sync_folder(file.folder)
    return closed


def _copy(target: apsw.Connection) -> None:
    target.execute(schema.TABLES)
    for table in _COPIED:
        target.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")  # noqa: S608
    target.execute(schema.INDEXES)
    target.execute(f"PRAGMA user_version = {schema.FORMAT}")


def _compress(target: apsw.Connection, file: SegmentFile) -> None:
    """Put the wire records into larger blocks in order, each read back before it counts."""
    quick, bodies = Bodies(), Bodies(_LEVEL)
    for run in runs(_in_order(target, quick), None):
        blocks, channels = rows_of_blocks(run, bodies, None)
        if [row for _, _, block in blocks for row in decode_block(block, bodies)] != run:
            raise StoreError(f"{file.path.name}: a block of wire records doesn't read back")
        target.executemany(schema.INSERT_BLOCK, blocks)
        target.executemany(schema.INSERT_BLOCK_CHANNEL, channels)


def _in_order(target: apsw.Connection, bodies: Bodies) -> Iterator[RawRow]:
    """The records by id. No block reaches further than to the ids that are let go."""
    waiting: list[RawRow] = []
    for first, block in target.execute("SELECT first, data FROM old.block ORDER BY first"):
        while waiting and waiting[0].id < first:
            yield heapq.heappop(waiting)
        for row in decode_block(block, bodies):
            heapq.heappush(waiting, row)
    yield from sorted(waiting)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
