"""Finding what is sealed: equal values have equal keyed hashes, and nobody reads a value there."""

from __future__ import annotations

from gateway.seal.keyring import Key

_LENGTH = 4


class Lookup:
    """Hashes for one purpose under one key."""

    def __init__(self, key: Key, purpose: str) -> None:
        self._suite = key.suite
        self._key = key.suite.derive(key.secret, b"lookup\0" + purpose.encode())

    def __repr__(self) -> str:
        return f"Lookup({self._suite.name})"

    def hash(self, *parts: str) -> bytes:
        """Sixteen bytes for these parts; each carries its length, so no two lists read alike."""
        data = bytearray()
        for part in parts:
            encoded = part.encode()
            data += len(encoded).to_bytes(_LENGTH, "big")
            data += encoded
        return self._suite.keyed_hash(self._key, bytes(data))
