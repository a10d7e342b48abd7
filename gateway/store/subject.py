"""How a patient's events are found without a patient's name in an index."""

from __future__ import annotations

from hashlib import blake2b

from gateway.model import Subject

_SIZE = 16


def subject_hash(issuer: str, patient: str, key: bytes) -> bytes:
    """Sixteen bytes for a patient of an issuer: BLAKE2b-128, keyed when the site has a key.

    Both parts carry their length, so that no two pairs read alike. Without a key the hash hides
    nothing from someone who can guess identifiers; it is then an index, not a protection.
    """
    digest = blake2b(digest_size=_SIZE, key=key, person=b"subject")
    for part in (issuer.encode(), patient.encode()):
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()


def hash_of(subject: Subject | None, key: bytes) -> bytes | None:
    """Hash of an event's subject; None where it names no patient."""
    if subject is None or not subject.patient:
        return None
    return subject_hash(subject.issuer, subject.patient, key)


def key_mark(key: bytes) -> bytes:
    """What a segment remembers of the key it was indexed with; empty without one."""
    return blake2b(digest_size=8, key=key, person=b"keymark").digest() if key else b""
