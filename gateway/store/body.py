"""The bytes of a row's body: the one place where they are made, and the one where they are read."""

from __future__ import annotations

import struct
from typing import Any

import orjson
import zstandard

from gateway.errors import StoreError
from gateway.seal import Sealer

_PLAIN, _ZSTD = 0, 1
QUICK = 1
_SHORT = 160
"""Bytes below which compressing gains too little."""

_PLACE = struct.Struct(">c7q")


class Bodies:
    """Writes and reads the bodies of one segment; used by one thread at a time.

    The first byte says how the rest is kept: as it is, or in a zstandard frame. With a sealer all
    of it is sealed, for its `place` alone.
    """

    def __init__(self, sealer: Sealer | None = None, level: int = QUICK) -> None:
        self._sealer = sealer
        self._compress = zstandard.ZstdCompressor(level=level).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    @property
    def are_sealed(self) -> bool:
        return self._sealer is not None

    def write(self, facts: Any, place: bytes) -> bytes:
        """The body of facts. TypeError: they are not JSON."""
        return self.keep(orjson.dumps(facts), place)

    def read(self, body: bytes, place: bytes) -> Any:
        """The facts of a body; StoreError as `open`."""
        return orjson.loads(self.open(body, place))

    def keep(self, data: bytes, place: bytes) -> bytes:
        """The body of bytes."""
        if len(data) < _SHORT:
            kept = bytes((_PLAIN,)) + data
        else:
            kept = bytes((_ZSTD,)) + self._compress(data)
        return kept if self._sealer is None else self._sealer.seal(kept, place)

    def open(self, body: bytes, place: bytes) -> bytes:
        """The bytes of a body; StoreError if it was changed, or is kept in a way unknown here."""
        if self._sealer is not None:
            body = self._sealer.open(body, place)
        if body[0] == _PLAIN:
            return body[1:]
        if body[0] == _ZSTD:
            return self._decompress(body[1:])
        raise StoreError(
            f"a row's body is kept in form {body[0]}, which this Isogate can't read: use the"
            " version that wrote it"
        )


def place_of_event(*head: int | None) -> bytes:
    """Where the body of an event's row stands; it opens beside these columns alone.

    `head` is: seq, span, id_high, id_low, device, received, raw.
    """
    *numbers, raw = head
    return _PLACE.pack(b"e", *numbers, -1 if raw is None else raw)


def place_of_block(first: int, last: int) -> bytes:
    """Where a block of wire records stands."""
    return b"b%d-%d" % (first, last)


def place_of_words(table: bytes, number: int, at: int) -> bytes:
    """Where what people read of a quarantine entry, or wrote of it, stands."""
    return b"%s%d-%d" % (table, number, at)
