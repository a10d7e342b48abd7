"""Changes objects when they come, as rules of the site say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dicom.coercion.rules import Rule, change_of
from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from dicom.storage.memory import file_in_memory
from dicom.storage.object import Change, StoredObject
from dicom.storage.part10 import START, head_length
from gateway import Clock, to_datetime
from gateway.room import RoomPorts


@dataclass(frozen=True, slots=True)
class Coercion:
    """Copies lie in memory while they are made."""

    rules: Sequence[Rule]
    index: Index
    blobs: Blobs
    clock: Clock
    ports: RoomPorts

    def change(self, sent: StoredObject, peer: str) -> Change | None:
        """What is changed in an object of this sender; None for nothing."""
        return change_of(self.rules, sent, peer)

    async def known(self, sent: StoredObject, change: Change) -> StoredObject | None:
        """The object that was made of the same one with the same values, if it is here."""
        await self.index.caught_up(self.ports.last_seq)
        for each in await self.index.coerced_from(sent.uid, sent.blob.digest):
            if each.coerced is not None and each.coerced.change.after == change.after:
                return each
        return None

    async def made(self, sent: StoredObject, change: Change) -> bytes:
        """The dataset with its values changed. ValueError says why it can't be."""
        at = to_datetime(self.clock.now())
        with file_in_memory() as copy:
            async with self.blobs.in_memory(sent.blob) as source:
                from dicom.coercion.file import coerce_file  # noqa: PLC0415 - pydicom, if needed

                await self.blobs.run(partial(coerce_file, source, copy, change.after, at))
            return await self.blobs.run(partial(_dataset, copy))


def _dataset(file: Path) -> bytes:
    data = file.read_bytes()
    return data[head_length(data[:START]) :]
