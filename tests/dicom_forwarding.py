"""A node that forwards, in memory but for its files: its events are followed as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom.dimse import Command, Operation, Peer, Status, Wanted, accepting, associate
from dicom.forward.entry import Queue
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from dicom.outward import Outward, open_outward
from dicom.storage.attributes import Attributes
from dicom.storage.object import Blob, Origin, StoredObject, event_of
from gateway import DeviceEvent, Instant, Receipt, WireRecord
from gateway.testing import MemoryRoomPorts, room_context
from tests.dicom_objects import CT, encoded
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK


class LivePorts(MemoryRoomPorts):
    """Says when something was stored."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        receipt = await super().publish(events, *wire)
        self.news.set()
        return receipt


@dataclass(frozen=True, slots=True)
class Forwarder:
    """The parts, and how to meet them."""

    node: Node
    outward: Outward
    ports: LivePorts
    port: int

    async def take(
        self, *objects: Dataset, syntax: str = ExplicitVRLittleEndian, garbage: bytes = b""
    ) -> None:
        """Have the node store objects, as a scanner sends them, with `garbage` at their ends."""
        peer = Peer(OURS, LOOPBACK, self.port, "SCANNER")
        classes = sorted({str(each.SOPClassUID) for each in objects})
        async with associate(peer, [Wanted(each, (syntax,)) for each in classes]) as association:
            for made in objects:
                command = Command(
                    Operation.C_STORE,
                    sop_class=made.SOPClassUID,
                    sop_instance=made.SOPInstanceUID,
                )
                answer = await association.send(command, encoded(made, syntax) + garbage)
                assert answer.status == Status.SUCCESS, answer

    async def queue(self, destination: str) -> Queue:
        found = {each.destination: each for each in await self.outward.forwarding.queues()}
        return found[destination]

    async def until(
        self, destination: str, done: Callable[[Queue], bool], *, within: float = 30
    ) -> Queue:
        """Wait until a queue is so; TimeoutError says how it stands."""

        async def so() -> bool:
            return done(await self.queue(destination))

        try:
            await self.reached(so, within=within)
        except TimeoutError:
            raise TimeoutError(f"{await self.queue(destination)}") from None
        return await self.queue(destination)

    async def reached(self, done: Callable[[], Awaitable[bool]], *, within: float = 30) -> None:
        """Wait until something is so, looking whenever something happened."""
        async with asyncio.timeout(within):
            while not await done():
                await asyncio.wait([asyncio.ensure_future(self.ports.news.wait())], timeout=0.05)

    def said(self, code: str) -> list[DeviceEvent]:
        """What was noted under a code."""
        return [event for event in self.ports.events if event.code.code == code]


@asynccontextmanager
async def forwarder(
    folder: Path, section: Mapping[str, Any], *, ports: LivePorts | None = None
) -> AsyncIterator[Forwarder]:
    """A node with this section, whose jobs run. With the `ports` of one before, it starts again."""
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone"}},
            "storage": {"min_free": 10**6},
            "watch": {"skip": list(section.get("peers", {}))},
            **section,
        }
    )
    ports = ports or LivePorts()
    context = room_context(folder, ports)
    async with (
        open_node(options, context) as node,
        open_outward(options, context, node) as outward,
        accepting(node.acceptor, node.listeners) as acceptor,
        _jobs(node, outward, ports),
    ):
        yield Forwarder(node, outward, ports, acceptor.ports[0])


@asynccontextmanager
async def _jobs(node: Node, outward: Outward, ports: LivePorts) -> AsyncIterator[None]:
    async def follow() -> None:
        while True:
            ports.news.clear()
            await ports.feed(node.index, outward.forwarding)
            await ports.news.wait()

    tasks = [asyncio.create_task(follow())]
    tasks += [asyncio.create_task(job()) for job in outward.jobs.values()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


def stored(
    seq: int = 0,
    *,
    uid: str = "1.2.3",
    calling: str = "CT1",
    called: str = OURS,
    digest: str = "",
    study: str = "1.2",
    sop_class: str = CT,
    **values: str,
) -> StoredObject:
    """An object of the index that has no file."""
    attributes = Attributes(
        sop_class, uid, study, f"{study}.1", {"Modality": "CT", **values}, "ISO_IR 192"
    )
    blob = Blob(digest or uid.encode().hex().ljust(64, "0"), 100)
    origin = Origin(calling, called, LOOPBACK, ExplicitVRLittleEndian)
    return StoredObject(attributes, blob, origin, Instant(1_000_000), seq)


def came(one: StoredObject, device: str = "dicom") -> DeviceEvent:
    """Its event."""
    return event_of(one, "site", device)
