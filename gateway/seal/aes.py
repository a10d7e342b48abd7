"""The suite `aes-256-gcm`: AES-256-GCM, HKDF-SHA-256, BLAKE2b, RFC 5649, scrypt."""

from __future__ import annotations

from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from gateway.seal.suite import HASH_SIZE, SECRET_SIZE, Aead

_WORK = 1 << 16
_BLOCK = 8


class Aes256Gcm:
    """AES-GCM after NIST SP 800-38D with 256-bit keys."""

    name = "aes-256-gcm"
    code = 0xA1

    def aead(self, secret: bytes, purpose: bytes) -> Aead:
        return AESGCM(self.derive(secret, purpose))

    def derive(self, secret: bytes, purpose: bytes) -> bytes:
        return HKDFExpand(SHA256(), SECRET_SIZE, purpose).derive(secret)

    def keyed_hash(self, key: bytes, data: bytes) -> bytes:
        return blake2b(data, digest_size=HASH_SIZE, key=key).digest()

    def wrap(self, key: bytes, secret: bytes) -> bytes:
        return aes_key_wrap_with_padding(key, secret)

    def unwrap(self, key: bytes, wrapped: bytes) -> bytes:
        try:
            return aes_key_unwrap_with_padding(key, wrapped)
        except (InvalidUnwrap, ValueError) as error:
            raise InvalidTag from error

    def stretch(self, passphrase: bytes, salt: bytes) -> bytes:
        return Scrypt(salt=salt, length=SECRET_SIZE, n=_WORK, r=_BLOCK, p=1).derive(passphrase)
