"""Closing a segment: rewritten small, once, and read-only from then on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw

from gateway.errors import StoreError
from gateway.sqlite import read_only_uri, sync_folder, transaction
from gateway.store import schema
from gateway.store.blocks import RawRow, decode_block, encode_block
from gateway.store.catalog import SegmentFile

_BLOCK_BYTES = 128 << 10
_BLOCK_RECORDS = 1024
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
    """Move the raw records into blocks, each read back before it counts."""
    for rows in _runs(map(RawRow._make, target.execute("SELECT * FROM old.raw ORDER BY id"))):
        block = encode_block(rows)
        if list(decode_block(block)) != rows:
            raise StoreError(f"{file.path.name}: a block of wire records doesn't read back")
        first = rows[0].id
        target.execute("INSERT INTO block VALUES(?,?,?)", (first, rows[-1].id, block))
        channels = [(channel, first) for channel in {row.channel for row in rows}]
        target.executemany("INSERT INTO block_channel VALUES(?,?)", channels)


def _runs(rows: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    """Cut records into what goes into one block."""
    run: list[RawRow] = []
    size = 0
    for row in rows:
        run.append(row)
        size += len(row.data)
        if size >= _BLOCK_BYTES or len(run) >= _BLOCK_RECORDS:
            yield run
            run, size = [], 0
    if run:
        yield run


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
