"""What the node does with DICOMweb servers: search them, send objects there, fetch them here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from dicom.storage.blobs import Blobs
from dicom.storage.judge import Refused
from dicom.storage.object import StoredObject
from dicom.storage.service import Storage
from dicom.web.arrival import Sender, Taking, arrival_of
from dicom.web.client import NotNow, Outgoing, RefusedByPeer, WebClient, WebPeer
from gateway import ConfigError, StoreError

TOGETHER = 50
"""Objects of one store request: what is lost with its answer is sent again."""


@dataclass(slots=True)
class Moved:
    """What became of objects that were sent or fetched; `failed` says why, by UID."""

    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebPeers:
    """The servers of devices.yaml, by name. Errors are those of `WebClient`, and StoreError."""

    peers: Mapping[str, WebPeer]
    storage: Storage
    blobs: Blobs
    taking: Taking

    def peer(self, name: str) -> WebPeer:
        """ConfigError if there is none."""
        found = self.peers.get(name)
        if found is None:
            known = ", ".join(self.peers) or "none"
            raise ConfigError(f"dicom: no server {name!r} in web.peers; there are: {known}")
        return found

    async def search(
        self, name: str, level: str, path: str, query: Mapping[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        """Datasets that fit, in the JSON model."""
        async with WebClient.open(self.peer(name)) as client:
            return await client.search(level, path, query)

    async def send(self, name: str, objects: Sequence[StoredObject]) -> Moved:
        """Store objects there, as they are here, in their order."""
        moved = Moved()
        async with WebClient.open(self.peer(name)) as client:
            for some in _batches(objects):
                await self._send(client, some, moved)
        return moved

    async def fetch(self, name: str, path: str) -> Moved:
        """Take what lies there under `/studies/…`; each object is committed before the next."""
        moved = Moved()
        peer = self.peer(name)
        sender = Sender(peer.name, urlsplit(peer.url).hostname or "")
        async with WebClient.open(peer) as client, client.retrieve(path) as parts:
            async for part in parts:
                uid = ""
                try:
                    arrival = await arrival_of(part, self.taking, sender)
                    uid = arrival.sop_instance
                    stored = await self.storage.take(arrival, self.taking.undeclared)
                except Refused as error:
                    moved.failed[uid or f"part {len(moved.failed) + 1}"] = error.words
                else:
                    moved.done.append(stored.uid)
        return moved

    async def _send(self, client: WebClient, some: Sequence[StoredObject], moved: Moved) -> None:
        outgoing = [Outgoing(each.uid, self._file(each)) for each in some]
        try:
            answered = await client.store(outgoing)
        except (RefusedByPeer, NotNow) as error:
            moved.failed |= {each.uid: str(error) for each in some}
            return
        for each in some:
            if each.uid in answered.failed:
                moved.failed[each.uid] = f"refused ({answered.failed[each.uid]:#06x})"
            elif each.uid in answered.stored:
                moved.done.append(each.uid)
            else:
                moved.failed[each.uid] = "the server did not say what became of it"

    async def _file(self, stored: StoredObject) -> AsyncIterator[bytes]:
        try:
            async for piece in self.blobs.read(stored.blob, whole=True):
                yield piece
        except StoreError as error:
            raise StoreError(f"{stored.uid}: {error}") from error


def _batches(objects: Sequence[StoredObject]) -> Iterator[Sequence[StoredObject]]:
    for start in range(0, len(objects), TOGETHER):
        yield objects[start : start + TOGETHER]
