"""What other rooms may know of the stored objects: which came, and what is in them."""

from __future__ import annotations

from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from dicom.storage.object import Blob, StoredObject, is_object, object_of
from gateway import DeviceEvent, StoreError


class Objects:
    """The stored objects of the node; ask for it with `RoomContext.neighbours(Objects)`."""

    def __init__(self, index: Index, blobs: Blobs) -> None:
        self._index, self._blobs = index, blobs

    async def instance(self, uid: str) -> StoredObject | None:
        """The object that counts for a SOP Instance UID, a moment behind the events."""
        return await self._index.instance(uid)

    async def whole(self, blob: Blob, largest: int) -> bytes:
        """The dataset's bytes, in the transfer syntax in which the object was received.

        StoreError where the file can't be read, or has more than `largest` bytes.
        """
        if blob.size > largest:
            raise StoreError(
                f"object {blob.digest} has {blob.size} bytes; {largest} are read at most"
            )
        return b"".join([piece async for piece in self._blobs.read(blob)])


def stored_in(event: DeviceEvent) -> StoredObject | None:
    """The object that an event says was stored; None where it says something else."""
    return object_of(event) if is_object(event) else None
