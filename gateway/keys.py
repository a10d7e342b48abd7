"""Identity of events: the same fact has the same id, two facts never share one.

An id is BLAKE2b-128 over the site, the device, the occurrence and the place within it. The
occurrence is the protocol's own answer to "is this the same message again?" (see
`Publication.occurrence`). Neither a device's clock nor its sample number is part of it by
itself: a clock that stands still cannot make two results one, and a clock that is corrected
between a message and its repetition cannot make one result two.
"""

from __future__ import annotations

from hashlib import blake2b

_SIZE = 16
_PREFIX = 12


def _digest(person: bytes, *parts: bytes) -> bytes:
    sizes = b"".join([len(part).to_bytes(4, "big") for part in parts])
    return blake2b(b"".join((sizes, *parts)), digest_size=_SIZE, person=person).digest()


def occurrence_id(site: str, device: str, occurrence: bytes) -> bytes:
    """Sixteen bytes that identify one happening at one device."""
    return _digest(b"occurrence", site.encode(), device.encode(), occurrence)


def event_id(occurrence: bytes, code: str, ordinal: int = 0) -> bytes:
    """Id of an event: its `occurrence_id`, the device's own code, and which one of that code.

    Only the code varies in length, and it stands last: no two events read alike.
    """
    content = b"".join((occurrence, ordinal.to_bytes(4, "big"), code.encode()))
    return blake2b(content, digest_size=_SIZE, person=b"event").digest()


def place_id(occurrence: bytes, place: int) -> bytes:
    """Id of an event of a poll: the poll's `occurrence_id` and its place among what was stored.

    A poll happens once and is never sent again, so a place is as good a name as a digest.
    """
    return occurrence[:_PREFIX] + place.to_bytes(_SIZE - _PREFIX, "big")


def content_digest(*parts: bytes) -> bytes:
    """Sixteen bytes for "these very bytes", to build an occurrence from."""
    return _digest(b"content", *parts)
