"""The bytes of a row's body: the one place where they are made, and the one where they are read."""

from __future__ import annotations

from typing import Any

import orjson
import zstandard

from gateway.errors import StoreError

_PLAIN, _ZSTD = 0, 1
_QUICK = 1
_SHORT = 160
"""Bytes below which compressing gains too little."""


class Bodies:
    """Writes and reads bodies; used by one thread at a time.

    The first byte says how the rest is kept: as it is, or in a zstandard frame.
    """

    def __init__(self, level: int = _QUICK) -> None:
        self._compress = zstandard.ZstdCompressor(level=level).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def write(self, facts: Any) -> bytes:
        """The body of facts. TypeError: they are not JSON."""
        return self.keep(orjson.dumps(facts))

    def read(self, body: bytes) -> Any:
        """The facts of a body; StoreError as `open`."""
        return orjson.loads(self.open(body))

    def keep(self, data: bytes) -> bytes:
        """The body of bytes."""
        if len(data) < _SHORT:
            return bytes((_PLAIN,)) + data
        return bytes((_ZSTD,)) + self._compress(data)

    def open(self, body: bytes) -> bytes:
        """The bytes of a body; StoreError if it is kept in a way unknown here."""
        if body[0] == _PLAIN:
            return body[1:]
        if body[0] == _ZSTD:
            return self._decompress(body[1:])
        raise StoreError(
            f"a row's body is kept in form {body[0]}, which this Isogate can't read: use the"
            " version that wrote it"
        )
