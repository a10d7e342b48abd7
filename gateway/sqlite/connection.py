"""Opening SQLite files: one writer each with full durability, readers that can't write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

_BUSY_MS = 5000
_CACHE_KIB = 65536
_CHECKPOINT_PAGES = 4000
_WAL_LIMIT = 64 << 20
_OWNER_ONLY = 0o700

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA cache_size=-{_CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}",
    f"PRAGMA journal_size_limit={_WAL_LIMIT}",
)
"""What makes a commit durable, and a group commit cheap."""


def open_writer(path: Path) -> apsw.Connection:
    """Open or create a file for its only writer; a returned COMMIT is on disk."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_MS)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


def open_reader(path: Path, *, immutable: bool = False) -> apsw.Connection:
    """Open a file for reading; `immutable` promises that nobody will ever write it again."""
    uri = read_only_uri(path) + ("&immutable=1" if immutable else "")
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(uri, flags=flags)
    connection.set_busy_timeout(_BUSY_MS)
    return connection


def open_draft(path: Path) -> apsw.Connection:
    """Create a file that counts for nothing yet: quick to write, and not durable. See `drafted`."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(str(path), flags=flags)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def read_only_uri(path: Path) -> str:
    """The name by which SQLite opens a file without ever writing it."""
    return f"{path.absolute().as_uri()}?mode=ro"


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """Commit at the end of the block; whatever goes wrong, nothing of it is stored."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if not connection.get_autocommit():
            connection.execute("ROLLBACK")
        raise


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, each for its owner alone."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=_OWNER_ONLY, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a creation, rename or removal in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """Where to write what is to be `path`: it appears whole and on disk, or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    yield draft
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.rename(path)
    sync_folder(path.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Replace a small file so that after a crash it is the old or the new one, whole."""
    with drafted(path) as draft:
        draft.write_bytes(data)
