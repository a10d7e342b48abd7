"""The audit reaches a collector over TLS, waits while it is away, and skips nothing."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.audit import AuditTrail
from gateway.audit.atna import Origin
from gateway.audit.collector import Collector
from gateway.audit.options import CollectorOptions
from gateway.room import OWNER
from gateway.seal import DEFAULT, Keyring, suite_named
from gateway.testing import ManualClock
from gateway.transport.options import TlsCaller
from tests.certificates import as_server, make_certificates

KEY = b"k" * 32
RING = Keyring.fresh(suite_named(DEFAULT), "2026-11-26T00:00:00Z")


@dataclass
class Receiver:
    """A syslog receiver that counts frames; `port` is free after it was closed."""

    context: ssl.SSLContext
    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        writers: list[asyncio.StreamWriter] = []

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            try:
                while True:
                    length = int(await reader.readuntil(b" "))
                    self.messages.append(await reader.readexactly(length))
                    self.came.set()
            except (asyncio.IncompleteReadError, ConnectionError):
                pass

        server = await asyncio.start_server(take, "127.0.0.1", self.port, ssl=self.context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for writer in writers:
                writer.transport.abort()
            await server.wait_closed()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.messages) < count:
                self.came.clear()
                await self.came.wait()

    def actions(self) -> list[bytes]:
        found = (re.search(rb'csd-code="(alarms\.[^"]*)"', each) for each in self.messages)
        return [each[1] for each in found if each]


@pytest.fixture
def receiver(tmp_path: Path) -> Receiver:
    make_certificates(tmp_path, "collector.test")
    return Receiver(as_server(tmp_path))


@asynccontextmanager
async def sending(
    tmp_path: Path, receiver: Receiver
) -> AsyncIterator[tuple[AuditTrail, Collector]]:
    tls = TlsCaller(ca=tmp_path / "authority.pem", server_name="collector.test")
    options = CollectorOptions(host="127.0.0.1", port=receiver.port, tls=tls)
    async with AuditTrail.open(
        tmp_path / "audit.sqlite", tmp_path / "anchors", ManualClock(), key=KEY, ring=RING
    ) as trail:
        collector = Collector(options, trail, Origin("site", "gateway"))
        task = asyncio.create_task(collector.run())
        try:
            yield trail, collector
        finally:
            task.cancel()
            await asyncio.wait((task,))


async def test_entries_arrive_in_order_and_once(tmp_path: Path, receiver: Receiver) -> None:
    async with receiver.listening(), sending(tmp_path, receiver) as (trail, collector):
        for number in range(5):
            await trail.record(f"alarms.act{number}", OWNER)
        await receiver.until(5)
        async with asyncio.timeout(10):
            while await trail.unsent(1):
                await collector.turned()
    async with receiver.listening(), sending(tmp_path, receiver) as (trail, _):
        await trail.record("alarms.last", OWNER)
        await receiver.until(6)
    assert receiver.actions() == [*(b"alarms.act%d" % n for n in range(5)), b"alarms.last"]


async def test_what_happens_while_the_collector_is_away_is_sent_later(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with receiver.listening():
        pass
    async with sending(tmp_path, receiver) as (trail, collector):
        for number in range(3):
            await trail.record(f"alarms.act{number}", OWNER)
        async with asyncio.timeout(10):
            while not collector.failing:
                await collector.turned()
        async with receiver.listening():
            await receiver.until(3)
    assert receiver.actions() == [b"alarms.act0", b"alarms.act1", b"alarms.act2"]


async def test_a_collector_with_another_certificate_gets_nothing(
    tmp_path: Path, receiver: Receiver
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_certificates(other, "collector.test")
    receiver.context = as_server(other)
    async with receiver.listening(), sending(tmp_path, receiver) as (trail, collector):
        await trail.record("alarms.act", OWNER)
        async with asyncio.timeout(10):
            while not collector.failing:
                await collector.turned()
        assert "certificate" in collector.failing
    assert receiver.messages == []
