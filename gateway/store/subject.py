"""How a patient's events are found without a patient's name in an index."""

from __future__ import annotations

from hashlib import blake2b
from typing import Protocol

from gateway.model import Subject

_SIZE = 16


class Index(Protocol):
    """Hashes by which a patient of an issuer is found (`gateway.seal.Lookup`)."""

    def hash(self, *parts: str) -> bytes:
        """Sixteen bytes for issuer and patient; no two pairs read alike."""
        ...


class PlainIndex:
    """The index of a segment without a key: it hides nothing from who can guess identifiers."""

    def hash(self, *parts: str) -> bytes:
        digest = blake2b(digest_size=_SIZE, person=b"subject")
        for part in map(str.encode, parts):
            digest.update(len(part).to_bytes(4, "big"))
            digest.update(part)
        return digest.digest()


def hash_of(subject: Subject | None, index: Index) -> bytes | None:
    """Hash of an event's subject; None where it names no patient."""
    if subject is None or not subject.patient:
        return None
    return index.hash(subject.issuer, subject.patient)
