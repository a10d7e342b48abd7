"""A sealed column of a table, for whoever keeps names or identifiers of patients."""

from __future__ import annotations

from typing import TypeAlias

from gateway.seal.keyring import Key, Keyring
from gateway.seal.lookup import Lookup
from gateway.seal.sealer import Sealer

Record: TypeAlias = int | str | bytes
"""The primary key of a row: of one type for a table, and never changed."""

_INTEGER = 8


class Column:
    """One column: sealed for its row, and found by a keyed hash in a column beside it.

    Used by one thread at a time. A table is asked with `WHERE hash IN (…)` and all of `hashes`:
    what was written before a rotation has the hash of an older key.
    """

    def __init__(self, ring: Keyring, table: str, column: str) -> None:
        self._ring = ring
        self._purpose = f"{table}.{column}"
        self._sealer = Sealer(ring, self._purpose)
        self._lookups: dict[Key, Lookup] = {}

    def seal(self, value: bytes, record: Record) -> bytes:
        """What the column holds for `value` in the row of `record`."""
        return self._sealer.seal(value, context_of(record))

    def open(self, sealed: bytes, record: Record) -> bytes:
        """The value again; StoreError if it was changed, or moved to another row or column."""
        return self._sealer.open(sealed, context_of(record))

    def hash(self, *parts: str) -> bytes:
        """What the column beside it holds for a row that is written now."""
        return self._lookup(self._ring.active).hash(*parts)

    def hashes(self, *parts: str) -> tuple[bytes, ...]:
        """Every hash under which a row may have been written, the newest key's first."""
        return tuple(self._lookup(key).hash(*parts) for key in reversed(self._ring.keys))

    def _lookup(self, key: Key) -> Lookup:
        known = self._lookups.get(key)
        if known is None:
            known = self._lookups[key] = Lookup(key, self._purpose)
        return known


def context_of(record: Record) -> bytes:
    """A primary key as the bytes that bind a value to its row."""
    match record:
        case int():
            return record.to_bytes(_INTEGER, "big", signed=True)
        case str():
            return record.encode()
        case bytes():
            return record
