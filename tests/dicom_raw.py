"""A caller that says what it likes, byte by byte; nothing of the node's own code sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ssl import SSLContext

from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

from tests.dicom_objects import CT
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK

VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
REQUEST, ACCEPT, REJECT, DATA, RELEASE, RELEASED, ABORT = range(1, 8)


def associate_rq(classes: Sequence[str] = (VERIFICATION, CT), called: str = OURS) -> bytes:
    """An A-ASSOCIATE-RQ as pynetdicom writes it; contexts 1, 3, … in this order."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title, primitive.called_ae_title = "RAW", called
    contexts = [build_context(each, [EXPLICIT]) for each in classes]
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    primitive.presentation_context_definition_list = contexts
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    longest.maximum_length_received = 16_384
    implementation.implementation_class_uid = "1.2.826.0.1.3680043.9.3811"
    primitive.user_information = [longest, implementation]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(primitive)
    return pdu.encode()


def pdu(kind: int, body: bytes, length: int | None = None) -> bytes:
    """A PDU; `length` is what its header announces, if not the truth."""
    return bytes((kind, 0)) + (len(body) if length is None else length).to_bytes(4, "big") + body


def value(context: int, control: int, data: bytes, length: int | None = None) -> bytes:
    """A presentation data value; `control` 1 is the command, 2 the last fragment."""
    size = len(data) + 2 if length is None else length
    return size.to_bytes(4, "big") + bytes((context, control)) + data


def element(tag: int, data: bytes) -> bytes:
    """An element of a command set."""
    return bytes(2) + tag.to_bytes(2, "little") + len(data).to_bytes(4, "little") + data


def _uid(uid: str) -> bytes:
    data = uid.encode()
    return data + b"\0" * (len(data) % 2)


def short(tag: int, number: int) -> bytes:
    return element(tag, number.to_bytes(2, "little"))


def command(
    field: int, message_id: int, sop_class: str, instance: str = "", *, data: bool
) -> bytes:
    """A request's command set."""
    body = element(0x0002, _uid(sop_class)) + short(0x0100, field) + short(0x0110, message_id)
    body += short(0x0700, 0) + short(0x0800, 1 if data else 0x0101)
    if instance:
        body += element(0x1000, _uid(instance))
    return element(0, len(body).to_bytes(4, "little")) + body


ECHO = pdu(DATA, value(1, 3, command(0x0030, 1, VERIFICATION, data=False)))


def store_command(instance: str, message_id: int = 1, context: int = 3) -> bytes:
    """The command of a C-STORE of a CT, as a PDU."""
    return pdu(DATA, value(context, 3, command(0x0001, message_id, CT, instance, data=True)))


@dataclass(frozen=True, slots=True)
class Raw:
    """A connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def pdu(self) -> tuple[int, bytes]:
        """Type and body of the next one; EOFError at the end."""
        try:
            head = await self.reader.readexactly(6)
            return head[0], await self.reader.readexactly(int.from_bytes(head[2:], "big"))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise EOFError from error

    async def opened(self) -> None:
        """Ask for an association and get it."""
        await self.send(associate_rq())
        kind, _ = await self.pdu()
        assert kind == ACCEPT

    async def ended(self) -> list[tuple[int, bytes]]:
        """What came until the other side closed."""
        found = []
        while True:
            try:
                found.append(await self.pdu())
            except EOFError:
                return found


@asynccontextmanager
async def raw(
    port: int, tls: SSLContext | None = None, source: str = LOOPBACK
) -> AsyncIterator[Raw]:
    """Call the node from `source`; the connection is cut at the end of the block."""
    reader, writer = await asyncio.open_connection(
        LOOPBACK,
        port,
        ssl=tls,
        server_hostname="localhost" if tls else None,
        local_addr=(source, 0),
    )
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()
