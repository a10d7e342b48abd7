"""What a broker may do that no real one does on demand: grant less, forget soon, send in bursts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.mqtt.driver import MqttDriver
from drivers.mqtt.profile import MqttLink
from gateway import DeviceUnavailable, LinkEntry
from gateway.testing import MemoryPorts
from tests.integration.test_mqtt_driver import certificate
from tests.unit.mqtt.test_mqtt_interpret import AIR, device


class Scripted:
    """A broker of one client: its CONNACK, what it grants, and what it sends then."""

    def __init__(self, connack: str, granted: bytes, sent: bytes = b"") -> None:
        self._connack = bytes.fromhex(connack)
        self._granted = granted
        self._sent = sent

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, body = await self._packet(reader)
                if kind == 1:
                    writer.write(self._connack)
                elif kind == 8:
                    answer = body[:2] + self._granted
                    writer.write(bytes((0x90, len(answer))) + answer + self._sent)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _packet(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        (first,) = await reader.readexactly(1)
        size = shift = 0
        while True:
            (digit,) = await reader.readexactly(1)
            size |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                return first >> 4, await reader.readexactly(size)


@asynccontextmanager
async def asking(
    broker: Scripted, context: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[tuple[asyncio.Task[None], MemoryPorts]]:
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        said = MqttLink(host="localhost", port=port, **options)
        ports = MemoryPorts("sensors")
        link = LinkEntry("sensors", "mqtt", said, None, (device(AIR),))
        task = asyncio.create_task(MqttDriver(link).run(ports))
        try:
            yield task, ports
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


GOOD = "2003000000"
OLD = {"version": "3.1.1"}


@pytest.mark.parametrize(
    ("connack", "granted", "options", "why"),
    [
        (GOOD, b"\0\0", {}, "grants z/t01 with QoS 0 only"),
        ("20020000", b"\0", OLD, "grants z/t01 with QoS 0 only"),
        (GOOD, b"\0\x87", {}, "refuses the subscription to z/t01: Not authorized"),
        ("20020000", b"\x80", OLD, "refuses the subscription to z/t01"),
        ("20050000022400", b"\0\1", {}, "delivers with QoS 0 only"),
        ("200800000511" + "00000000", b"\0\1", {}, "keeps messages for 0 s only"),
    ],
)
async def test_a_broker_that_would_lose_messages_is_refused(
    connack: str, granted: bytes, options: dict[str, Any], why: str
) -> None:
    async with asking(Scripted(connack, granted), **options) as (task, _):
        async with asyncio.timeout(10):
            with pytest.raises(DeviceUnavailable, match=why):
                await task


@pytest.mark.parametrize(
    ("connack", "granted", "options"),
    [
        (GOOD, b"\0\1", {}),
        (GOOD, b"\0\0", {"qos": 0}),
        ("20020000", b"\0", OLD | {"qos": 0}),
        ("20050000022400", b"\0\0", {"qos": 0}),
        ("200800000511" + "00000e10", b"\0\1", {}),
    ],
)
async def test_a_broker_that_does_what_was_declared_is_taken(
    connack: str, granted: bytes, options: dict[str, Any]
) -> None:
    async with asking(Scripted(connack, granted), **options) as (_, ports):
        await ports.until(lambda: bool(ports.sessions))


def message(number: int) -> bytes:
    body = b"\0\5z/t01" + b'{"temperature":%d}' % number
    return bytes((0x30, len(body))) + body


async def test_the_rest_of_a_burst_over_tls_waits_for_nothing(tmp_path: Path) -> None:
    ca = await certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, tmp_path / "key.pem")
    burst = b"".join(message(number) for number in range(1_000))
    broker = Scripted("20020000", b"\1", burst)
    options = OLD | {"tls": {"ca": ca}, "keepalive": 3_600}
    async with asking(broker, context, **options) as (_, ports):
        async with asyncio.timeout(10):
            await ports.until(lambda: len(ports.publications) == 1_000)
