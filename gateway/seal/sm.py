"""The suite `sm4-gcm`: SM4 (GB/T 32907) in GCM, and SM3 (GB/T 32905) for everything else."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from gateway.seal.suite import HASH_SIZE, SECRET_SIZE, Aead

_KEY = 16
_NONCE = 12
_TAG = 16
_ROUNDS = 400_000


class Sm4GcmCipher:
    """SM4-GCM under one key (RFC 8998, A.1)."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        cipher = Cipher(self._algorithm, GCM(nonce)).encryptor()
        cipher.authenticate_additional_data(associated_data or b"")
        return cipher.update(data) + cipher.finalize() + cipher.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        if len(data) < _TAG:
            raise InvalidTag
        cipher = Cipher(self._algorithm, GCM(nonce, data[-_TAG:])).decryptor()
        cipher.authenticate_additional_data(associated_data or b"")
        return cipher.update(data[:-_TAG]) + cipher.finalize()


class Sm4Gcm:
    """The algorithms that 密评 (GB/T 39786) asks for, as OpenSSL has them.

    The software itself is no certified module (GM/T 0028): where one is demanded, a suite that
    calls the certified device takes this one's place.
    """

    name = "sm4-gcm"
    code = 0xB1

    def aead(self, secret: bytes, purpose: bytes) -> Aead:
        return Sm4GcmCipher(HKDFExpand(SM3(), _KEY, purpose).derive(secret))

    def derive(self, secret: bytes, purpose: bytes) -> bytes:
        return HKDFExpand(SM3(), SECRET_SIZE, purpose).derive(secret)

    def keyed_hash(self, key: bytes, data: bytes) -> bytes:
        digest = HMAC(key, SM3())
        digest.update(data)
        return digest.finalize()[:HASH_SIZE]

    def wrap(self, key: bytes, secret: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self.aead(key, b"wrap").encrypt(nonce, secret, None)

    def unwrap(self, key: bytes, wrapped: bytes) -> bytes:
        return self.aead(key, b"wrap").decrypt(wrapped[:_NONCE], wrapped[_NONCE:], None)

    def stretch(self, passphrase: bytes, salt: bytes) -> bytes:
        return PBKDF2HMAC(SM3(), SECRET_SIZE, salt, _ROUNDS).derive(passphrase)
