"""Sealing: what is written can be read with the key alone, and in its own place alone."""

from __future__ import annotations

import os
import struct

from cryptography.exceptions import InvalidTag

from gateway.errors import StoreError
from gateway.seal.keyring import Key, Keyring
from gateway.seal.suite import Aead
from gateway.seal.suites import SUITES

_PREFIX = struct.Struct(">BH12s")
_RUN_SIZE = 12
_COUNT_SIZE = 4
_TAG_SIZE = 16
_HEAD_SIZE = _PREFIX.size + _COUNT_SIZE
_FIXED = bytes(8)
_RUN_LIMIT = 1 << 32
_REMEMBERED = 1024
_CODES = frozenset(suite.code for suite in SUITES.values())

OVERHEAD = _HEAD_SIZE + _TAG_SIZE
"""Bytes that sealing adds."""

KEY_AT = 2
"""Where SQL's `substr` finds the two bytes of the key's id."""


class Sealer:
    """Seals and opens for one purpose; used by one thread at a time.

    Sealed data is: suite (1 byte), key id (2), run (12), count (4), cipher text, tag (16). A run
    is a random number; each has a data key of its own, derived from the ring's key, the purpose
    and the run, and within it the nonce counts from 0 (NIST SP 800-38D, 8.2.1). So no nonce is
    used twice under one key, and there is nothing to keep across a crash: the next start begins
    another run. A run ends after 2^32 messages. Among 10^8 runs of a key, two are alike with a
    chance below 10^-12.

    The head and `context` are authenticated with the data. `context` says where it stands (the
    id of its record), so that nothing opens in another's place.
    """

    def __init__(self, ring: Keyring, purpose: str, key: Key | None = None) -> None:
        """`key` seals instead of the ring's active one, for a file that has one key."""
        self._ring, self._purpose = ring, purpose.encode()
        self._pinned = key
        ring.purposes.add(purpose)
        self._known: dict[bytes, Aead] = {}
        self._begin()

    def __repr__(self) -> str:
        return f"Sealer({self._purpose.decode()}, {self._ring!r})"

    @property
    def key(self) -> Key:
        """The key that seals."""
        return self._pinned or self._ring.active

    def seal(self, data: bytes, context: bytes) -> bytes:
        """`data`, to be opened with the same purpose and context."""
        if self._count == _RUN_LIMIT or self._key is not (self._pinned or self._ring.active):
            self._begin()
        number = self._count.to_bytes(_COUNT_SIZE, "big")
        self._count += 1
        head = self._prefix + number
        return head + self._cipher.encrypt(_FIXED + number, data, head + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """What was sealed; StoreError if a bit of it, its place or its purpose is another.

        ConfigError: its key is not in the ring.
        """
        head = sealed[:_HEAD_SIZE]
        prefix = head[: _PREFIX.size]
        cipher = self._known.get(prefix) or self._recall(prefix)
        try:
            return cipher.decrypt(
                _FIXED + head[_PREFIX.size :], sealed[_HEAD_SIZE:], head + context
            )
        except InvalidTag:
            raise StoreError(
                f"{self._purpose.decode()}: something sealed was changed or moved on disk:"
                " restore it from a backup"
            ) from None

    def _begin(self) -> None:
        self._key = key = self.key
        run = os.urandom(_RUN_SIZE)
        self._count = 0
        self._prefix = _PREFIX.pack(key.suite.code, key.id, run)
        self._cipher = self._cipher_of(key, run)
        self._remember(self._prefix, self._cipher)

    def _recall(self, prefix: bytes) -> Aead:
        if len(prefix) < _PREFIX.size:
            raise StoreError(f"{self._purpose.decode()}: what is too short was never sealed")
        code, number, run = _PREFIX.unpack(prefix)
        if code not in _CODES:
            raise StoreError(f"{self._purpose.decode()}: this was never sealed by Isogate")
        key = self._pinned
        if key is None or key.id != number:
            key = self._ring.key(number)
        if key.suite.code != code:
            raise StoreError(
                f"{self._purpose.decode()}: this is not what key {number} sealed:"
                " restore it from a backup"
            )
        return self._remember(prefix, self._cipher_of(key, run))

    def _cipher_of(self, key: Key, run: bytes) -> Aead:
        return key.suite.aead(key.secret, b"\0".join((b"seal", self._purpose, run)))

    def _remember(self, prefix: bytes, cipher: Aead) -> Aead:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[prefix] = cipher
        return cipher


def key_id(sealed: bytes) -> int:
    """Which key sealed it."""
    return int.from_bytes(sealed[1:3], "big")
