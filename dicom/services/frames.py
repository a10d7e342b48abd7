"""Frames of stored objects, decoded in the process that shows them, for rooms that draw them."""

from __future__ import annotations

from dicom.storage.object import Blob
from dicom.view import Stored, Viewer


class Frames:
    """Stored values of pixels; ask for it with `RoomContext.neighbours(Frames)`."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer

    async def stored(self, blob: Blob, frame: int) -> Stored:
        """A grey frame, from 1, as it is stored: neither scaled nor windowed.

        Unviewable where it can't be decoded, or the object has not as many pixels as it says.
        """
        return await self._viewer.stored(blob, frame)
