"""Random secrets, as people and programs are given them, and the digests that are kept."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode

_READABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is read as a digit."""

_CONFUSED = str.maketrans({"O": "0", "I": "1", "L": "1"})
_GROUP = 4


def new_secret() -> str:
    """256 bits, for a cookie or a header."""
    return secrets.token_urlsafe(32)


def new_code(groups: int) -> str:
    """A code to be read and typed, 20 bits a group: `7K4P-0ZQX-…`."""
    return "-".join(
        "".join(secrets.choice(_READABLE) for _ in range(_GROUP)) for _ in range(groups)
    )


def typed(code: str) -> str:
    """A code as it was given out, from what a person typed: case, dashes and look-alikes aside."""
    kept = "".join(each for each in code.upper().translate(_CONFUSED) if each in _READABLE)
    return "-".join(kept[at : at + _GROUP] for at in range(0, len(kept), _GROUP))


def digest(secret: str) -> bytes:
    """What is kept of a random secret. It has too many bits to be guessed, so no salt is needed."""
    return hashlib.sha256(secret.encode()).digest()


def form_token(secret: str) -> str:
    """The token that forms of a session carry; it does not lead back to the session's secret."""
    made = hashlib.blake2b(secret.encode(), digest_size=24, person=b"isogate-form")
    return urlsafe_b64encode(made.digest()).decode()
