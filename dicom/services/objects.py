"""What other rooms may know of the stored objects: which came, and what is in them."""

from __future__ import annotations

from dicom.content import Content, encode, tag, text
from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from dicom.storage.judge import Arrival, InMemory, Refused
from dicom.storage.object import Blob, Origin, StoredObject, is_object, object_of
from dicom.storage.service import Storage
from dicom.upper.negotiate import EXPLICIT
from gateway import DeviceEvent, StoreError

_CLASS, _INSTANCE = tag("SOPClassUID"), tag("SOPInstanceUID")
_LONGEST_TITLE = 16


class Objects:
    """The stored objects of the node; ask for it with `RoomContext.neighbours(Objects)`."""

    def __init__(self, index: Index, blobs: Blobs, storage: Storage, title: str) -> None:
        self._index, self._blobs, self._storage = index, blobs, storage
        self.title = title
        """The AE title from which objects are retrieved."""

    async def instance(self, uid: str, *, upto: int = 0) -> StoredObject | None:
        """The object that counts for a SOP Instance UID, a moment behind the events.

        Waits for the event whose seq is `upto`: who heard of an object asks for it thus.
        """
        await self._index.reached(upto)
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

    async def keep(self, content: Content, *, room: str) -> StoredObject:
        """Store an object that a room made; kept again, it is the same one.

        StoreError where it can't be kept, also because it is no object of its class.
        """
        origin = Origin(f"room:{room}"[:_LONGEST_TITLE], self.title, "", EXPLICIT)
        made = InMemory(encode(content, EXPLICIT))
        names = text(content, _CLASS), text(content, _INSTANCE)
        arrival = Arrival(*names, origin, made, ours=True)
        try:
            return await self._storage.take(arrival)
        except Refused as refusal:
            raise StoreError(f"an object of the room {room}: {refusal.words}") from refusal


def stored_in(event: DeviceEvent) -> StoredObject | None:
    """The object that an event says was stored; None where it says something else."""
    return object_of(event) if is_object(event) else None
