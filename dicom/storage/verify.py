"""Reads stored objects again: what is missing or changed, and files that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from dicom.storage.object import Blob, StoredObject


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of an object that is not what was acknowledged, and why in words."""

    stored: StoredObject
    blob: Blob
    words: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One step of a verification: the next one begins after `next`; None at the end."""

    objects: int
    bytes: int
    damaged: Sequence[Damage]
    next: int | None


async def verify(index: Index, blobs: Blobs, *, after: int = 0, limit: int = 500) -> Checked:
    """Hash the files of at most `limit` objects with a seq above `after`, one at a time."""
    objects = await index.everything(after, limit)
    damaged = []
    for stored in objects:
        for blob in stored.blobs:
            words = await blobs.verify(blob, stored.origin.transfer_syntax)
            if words:
                damaged.append(Damage(stored, blob, words))
    size = sum(blob.size for stored in objects for blob in stored.blobs)
    last = objects[-1].seq if len(objects) == limit else None
    return Checked(len(objects), size, damaged, last)


async def orphans(index: Index, blobs: Blobs) -> Sequence[str]:
    """Files that no event names: objects whose sender was never told that they are stored.

    They do no harm, and the same object sent again takes its file over.
    """
    found = []
    for folder in blobs.folders:
        names = await blobs.names(folder)
        known = await index.digests(names)
        found += [name for name in names if name not in known]
    return found
