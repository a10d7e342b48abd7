"""Identity of events: the same fact has the same id, two facts never share one.

An occurrence is BLAKE2b-128 over the site, the device and the protocol's own answer to "is this
the same message again?" (see `Publication.occurrence`). Neither a device's clock nor its sample
number is part of it by itself: a clock that stands still cannot make two results one, and a clock
that is corrected between a message and its repetition cannot make one result two.

The id of an event is its occurrence with another second half: all events of an occurrence are
found by the first one.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

_SIZE = 16
_HALF = 8
_PREFIX = 12
_CODES = 16_384


def _digest(person: bytes, *parts: bytes) -> bytes:
    sizes = b"".join([len(part).to_bytes(4, "big") for part in parts])
    return blake2b(b"".join((sizes, *parts)), digest_size=_SIZE, person=person).digest()


def occurrence_id(site: str, device: str, occurrence: bytes) -> bytes:
    """Sixteen bytes that identify one happening at one device."""
    return _digest(b"occurrence", site.encode(), device.encode(), occurrence)


def event_id(occurrence: bytes, code: str, ordinal: int = 0) -> bytes:
    """Id of an event: its `occurrence_id`, the device's own code, and which one of that code.

    The second half of the occurrence, with a 64-bit digest of code and ordinal added bit by bit.
    Two events of one occurrence differ unless two of its codes have the same digest; events of
    two occurrences differ unless 128 bits of BLAKE2b happen to.
    """
    return EventIds(occurrence).of(code, ordinal)


class EventIds:
    """`event_id` for the events of one occurrence."""

    __slots__ = ("_low", "_prefix")

    def __init__(self, occurrence: bytes) -> None:
        self._prefix = occurrence[:_HALF]
        self._low = _low(occurrence)

    def of(self, code: str, ordinal: int) -> bytes:
        low = self._low ^ _code_token(code, ordinal)
        return self._prefix + low.to_bytes(_HALF, signed=True)


def place_id(occurrence: bytes, place: int) -> bytes:
    """Id of an event of a poll: the poll's `occurrence_id` and its place among what was stored.

    A poll happens once and is never sent again, so a place is as good a name as a digest.
    """
    return occurrence[:_PREFIX] + place.to_bytes(_SIZE - _PREFIX)


def token_of(identity: bytes, occurrence: bytes) -> int | None:
    """What tells an event from the others of its occurrence; None if it is not one of these.

    A signed 64-bit integer; 0 is the occurrence itself.
    """
    if identity[:_HALF] != occurrence[:_HALF]:
        return None
    return _low(identity) ^ _low(occurrence)


def id_of_token(occurrence: bytes, token: int) -> bytes:
    """The inverse of `token_of`."""
    return occurrence[:_HALF] + (_low(occurrence) ^ token).to_bytes(_HALF, signed=True)


def content_digest(*parts: bytes) -> bytes:
    """Sixteen bytes for "these very bytes", to build an occurrence from."""
    return _digest(b"content", *parts)


@lru_cache(maxsize=_CODES)
def _code_token(code: str, ordinal: int) -> int:
    content = ordinal.to_bytes(4) + code.encode()
    digest = blake2b(content, digest_size=_HALF, person=b"event").digest()
    return int.from_bytes(digest, signed=True)


def _low(identity: bytes) -> int:
    return int.from_bytes(identity[_HALF:], signed=True)
