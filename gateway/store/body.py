"""The bytes of a row's body: the one place where they are made, and the one where they are read."""

from __future__ import annotations

from typing import Any

import orjson
import zstandard

from gateway.errors import StoreError

_PLAIN, _ZSTD = 0, 1
_LEVEL = 1
_SHORT = 160
"""Bytes below which compressing gains too little."""


class Bodies:
    """Writes and reads bodies; used by one thread at a time.

    The first byte says how the rest is kept: as JSON, or as JSON in a zstandard frame.
    """

    def __init__(self) -> None:
        self._compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def write(self, facts: Any) -> bytes:
        """Encode facts. TypeError: they are not JSON."""
        data = orjson.dumps(facts)
        if len(data) < _SHORT:
            return b"\0" + data
        return b"\1" + self._compress(data)

    def read(self, body: bytes) -> Any:
        """The facts of a body; StoreError if it is kept in a way unknown here."""
        if body[0] == _PLAIN:
            return orjson.loads(memoryview(body)[1:])
        if body[0] == _ZSTD:
            return orjson.loads(self._decompress(memoryview(body)[1:]))
        raise StoreError(
            f"a row's body is kept in form {body[0]}, which this Isogate can't read: use the"
            " version that wrote it"
        )
