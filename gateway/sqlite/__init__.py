"""Opening SQLite files: durably, read-only, or sealed as a whole."""

from gateway.sqlite.connection import (
    PRAGMAS,
    drafted,
    make_private,
    open_draft,
    open_reader,
    open_writer,
    read_only_uri,
    sync_folder,
    transaction,
    write_durably,
)
from gateway.sqlite.sealed import SealedConnection, is_plain, is_sealed, open_sealed, reseal

__all__ = [
    "PRAGMAS",
    "SealedConnection",
    "drafted",
    "is_plain",
    "is_sealed",
    "make_private",
    "open_draft",
    "open_reader",
    "open_sealed",
    "open_writer",
    "read_only_uri",
    "reseal",
    "sync_folder",
    "transaction",
    "write_durably",
]
