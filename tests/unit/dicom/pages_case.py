"""A node with its pages in memory, a sender of objects, and a browser of its owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydicom.dataset import Dataset

from dicom.dimse import Command, Operation, Peer, Status, Wanted, accepting, associate
from dicom.node import Node
from dicom.options import DicomOptions
from dicom.room import room
from gateway.api import Application, open_app
from gateway.console import Console
from gateway.model import Clock, DeviceEvent, Receipt, WireRecord
from gateway.room import Running, Subscriber
from gateway.testing import Recognizing
from gateway.testing.room import MemoryAuditor, MemoryRoomPorts, room_context
from tests.dicom_objects import encoded
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, free_port
from tests.unit.api.memory_site import MemorySite


class Site(MemorySite):
    """A site whose packages hold the pages of the node."""

    def packages(self) -> tuple[str, ...]:
        return ("dicom",)


@dataclass(frozen=True, slots=True)
class Desk:
    """The node, what it is given, and a browser."""

    running: Running
    node: Node
    ports: MemoryRoomPorts
    audit: MemoryAuditor
    http: httpx.AsyncClient
    port: int
    app: Application

    async def store(
        self,
        *objects: Dataset,
        syntax: str = "1.2.840.10008.1.2.1",
        calling: str = "SCANNER",
    ) -> None:
        """Send objects to the node, and let its index follow."""
        peer = Peer(OURS, LOOPBACK, self.port, calling)
        classes = {str(each.SOPClassUID): None for each in objects}
        async with associate(peer, [Wanted(each, (syntax,)) for each in classes]) as association:
            for made in objects:
                command = Command(
                    Operation.C_STORE,
                    sop_class=made.SOPClassUID,
                    sop_instance=made.SOPInstanceUID,
                )
                answer = await association.send(command, encoded(made, syntax))
                assert answer.status == Status.SUCCESS
        await self.ports.feed(*self.running.subscribers)

    async def do(self, asking: Awaitable[httpx.Response]) -> httpx.Response:
        """Wait for an answer while everything follows what is stored."""
        task = asyncio.ensure_future(asking)
        while not task.done():
            await asyncio.sleep(0)
            await self.ports.feed(*self.running.subscribers)
        return await task

    async def text(self, path: str, status: int = 200) -> str:
        answer = await self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.text


class FollowedPorts(MemoryRoomPorts):
    """Ports whose events reach those who follow before what published them goes on."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock=clock)
        self.followers: Sequence[Subscriber] = ()

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        receipt = await super().publish(events, *wire)
        await self.feed(*self.followers)
        return receipt

    async def feed(self, *subscribers: Subscriber) -> None:
        """What follows from what is fed follows in its turn."""
        followers, self.followers = self.followers, ()
        await super().feed(*subscribers)
        self.followers = followers


@asynccontextmanager
async def desk(
    data: Path,
    ports: MemoryRoomPorts | None = None,
    *,
    web: Mapping[str, Any] | None = None,
    departments: Mapping[str, str] | None = None,
    gate: Recognizing | None = None,
    more: Mapping[str, Any] | None = None,
) -> AsyncIterator[Desk]:
    """The whole room, listening on loopback; `web` are DICOMweb servers that it knows.

    `departments` are those of senders by their AE title, `more` further parts of the section.
    """
    port = free_port()
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone"}},
            "peers": {
                "gone": {"title": "GONE", "host": LOOPBACK, "port": port},
                **{
                    title.lower(): {
                        "title": title,
                        "host": LOOPBACK,
                        "port": port,
                        "department": department,
                    }
                    for title, department in (departments or {}).items()
                },
            },
            "storage": {"min_free": 10**6},
            **(more or {}),
            "web": {"peers": web or {}},
            "deid": {"trial": {"key": "a key of more than sixteen"}},
        }
    )
    ports = ports or MemoryRoomPorts()
    audit, site = MemoryAuditor(), Site()
    console = Console(site)
    async with room.open(room_context(data, ports, section=options, audit=audit)) as running:
        (node,) = (each for each in running.services if isinstance(each, Node))
        assert running.routes is not None
        if isinstance(ports, FollowedPorts):
            ports.followers = running.subscribers
        pages = [*console.routes(), *running.routes(console.kit)]
        async with (
            accepting(node.acceptor, node.listeners) as acceptor,
            open_app(site, pages, console.error_page, gate=gate or Recognizing()) as app,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://localhost",
                headers={"accept": "text/html", "accept-language": "en"},
                follow_redirects=True,
            ) as http,
        ):
            yield Desk(running, node, ports, audit, http, acceptor.ports[0], app)
