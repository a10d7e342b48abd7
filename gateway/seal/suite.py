"""The one plug for algorithms: what sealing asks of a family of ciphers and hashes."""

from __future__ import annotations

from typing import Protocol

SECRET_SIZE = 32
"""Bytes of every secret in a keyring, whatever its suite makes of them."""

HASH_SIZE = 16
"""Bytes of a keyed hash by which something is found again."""


class Aead(Protocol):
    """Authenticated encryption under one key, with nonces of 96 bits and tags of 128."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Cipher text and tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """The plain text; `cryptography.exceptions.InvalidTag` if anything was changed."""
        ...


class Suite(Protocol):
    """A family of algorithms that belong together. A device with keys inside can be one too.

    `code` is the first byte of everything sealed with it; it is never given to another suite.
    """

    @property
    def name(self) -> str: ...

    @property
    def code(self) -> int: ...

    def aead(self, secret: bytes, purpose: bytes) -> Aead:
        """The cipher under the key that is derived from a secret for a purpose."""
        ...

    def derive(self, secret: bytes, purpose: bytes) -> bytes:
        """A secret of `SECRET_SIZE` bytes for a purpose; it tells nothing of the first one."""
        ...

    def keyed_hash(self, key: bytes, data: bytes) -> bytes:
        """`HASH_SIZE` bytes by which equal data is found, and from which nobody reads it."""
        ...

    def wrap(self, key: bytes, secret: bytes) -> bytes:
        """A secret under another one."""
        ...

    def unwrap(self, key: bytes, wrapped: bytes) -> bytes:
        """The secret again; `InvalidTag` if the key is another one."""
        ...

    def stretch(self, passphrase: bytes, salt: bytes) -> bytes:
        """A secret from what a person can remember; slow on purpose."""
        ...
