"""What the answers of a DICOMweb server mean for the queue of a destination."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from dicom.forward.entry import Entry, State
from tests.dicom_forwarding import Forwarder, forwarder
from tests.dicom_objects import image
from tests.peers import LOOPBACK, free_port

FIRST, SECOND = "1.2.826.9.1", "1.2.826.9.2"
LOST = 0
REASON = "00081197"


@dataclass(frozen=True, slots=True)
class Says:
    """An answer; LOST closes the connection without one. Without words it is a store's answer."""

    status: int
    failed: Mapping[str, Any] | None = None
    stored: bool = False
    words: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self, uid: str) -> bytes:
        """`failed` is what stands beside the UID of the object under FailedSOPSequence."""
        if self.words:
            return self.words.encode()
        item = {"00081155": {"vr": "UI", "Value": [uid]}}
        said: dict[str, Any] = {}
        if self.failed is not None:
            said["00081198"] = {"vr": "SQ", "Value": [{**item, **self.failed}]}
        if self.stored:
            said["00081199"] = {"vr": "SQ", "Value": [item]}
        return orjson.dumps(said)


STORED = Says(200, stored=True)


@dataclass(slots=True)
class Server:
    """A server that gives its answers one after the other, the last one for ever."""

    answers: list[Says]
    asked: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = bytearray()
        while size := int((await reader.readline()).strip(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        uid = FIRST if FIRST.encode() in body else SECOND
        self.asked.append(uid)
        says = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if says.status == LOST:
            return
        content = says.content(uid)
        head = {"content-length": str(len(content)), "connection": "close", **says.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"HTTP/1.1 {says.status} X\r\n{lines}\r\n".encode() + content)
        await writer.drain()


@asynccontextmanager
async def serving(port: int, *answers: Says) -> AsyncIterator[Server]:
    server = Server(list(answers))
    async with await asyncio.start_server(server.answer, LOOPBACK, port):
        yield server


@asynccontextmanager
async def sending(folder: Path, port: int, **destination: Any) -> AsyncIterator[Forwarder]:
    """A node that was sent two objects, which go to the server at this port."""
    section = {
        "web": {"peers": {"cloud": {"url": f"http://{LOOPBACK}:{port}"}}},
        "forward": {
            "destinations": {"archive": {"web": "cloud", "longest_pause": 1, **destination}},
            "rules": [{"name": "all", "to": ["archive"]}],
        },
    }
    async with forwarder(folder, section) as it:
        await it.take(*(image(8, SOPInstanceUID=uid) for uid in (FIRST, SECOND)))
        yield it


async def entries(it: Forwarder, state: State) -> list[Entry]:
    return list(await it.outward.forwarding.entries("archive", state, 10))


@pytest.mark.parametrize("status", [200, 202, 409])
@pytest.mark.parametrize(
    "reason",
    [
        {},
        {REASON: {"vr": "US"}},
        {REASON: {"vr": "US", "Value": [0]}},
        {REASON: {"vr": "US", "Value": [None]}},
        {REASON: {"vr": "US", "Value": ["full"]}},
        {REASON: 272},
        {REASON: {"vr": "US", "Value": [0xB000]}},
        {REASON: {"vr": "US", "Value": [0x0107]}},
    ],
)
async def test_what_is_listed_as_failed_is_never_taken_as_sent(
    tmp_path: Path, status: int, reason: Mapping[str, Any]
) -> None:
    port = free_port()
    async with serving(port, Says(status, reason)), sending(tmp_path, port, attempts=1) as it:
        await it.until("archive", lambda queue: queue.counts.dead == 2)
        for entry in await entries(it, State.DEAD):
            assert "failed to process" in entry.error
        assert not it.said("forward.sent")


async def test_what_is_listed_as_stored_and_as_failed_has_failed(tmp_path: Path) -> None:
    port = free_port()
    both = Says(202, {REASON: {"vr": "US", "Value": [0xA900]}}, stored=True)
    async with serving(port, both), sending(tmp_path, port) as it:
        await it.until("archive", lambda queue: queue.counts.dead == 2)
