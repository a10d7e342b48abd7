"""MLLP over TLS in both roles, with certificates that OpenSSL made."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.hl7.driver import Hl7Driver
from gateway import ConfigError, DeviceUnavailable, Tcp, TcpListen
from gateway.testing import MemoryPorts
from gateway.transport import connect, listen
from gateway.transport.options import TlsCaller, TlsListener
from gateway.transport.stream import Stream
from tests.certificates import as_server, make_certificates
from tests.unit.hl7.hl7_bench import MESSAGE, link

FRAMED = b"\x0b" + MESSAGE.encode() + b"\x1c\r"


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    make_certificates(tmp_path)
    return tmp_path


async def test_the_gateway_calls_an_analyzer_over_tls(pem: Path) -> None:
    answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def analyzer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(FRAMED)
        await answers.put(await reader.readuntil(b"\x1c\r"))
        writer.close()

    server = await asyncio.start_server(analyzer, "127.0.0.1", 0, ssl=as_server(pem))
    port = server.sockets[0].getsockname()[1]
    tls = TlsCaller(ca=pem / "authority.pem", server_name="analyzer.test")
    ports = MemoryPorts()
    ports._connector = lambda: connect(Tcp(host="127.0.0.1", port=port, tls=tls), ports.tap)
    task = asyncio.create_task(Hl7Driver(link()).run(ports))
    async with asyncio.timeout(10):
        assert b"MSA|AA|7" in await answers.get()
    assert len(ports.publications) == 1
    server.close()
    with suppress(ConnectionError):
        await task


async def test_a_certificate_of_another_name_or_authority_is_refused(pem: Path) -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0, ssl=as_server(pem))
    port = server.sockets[0].getsockname()[1]
    for tls in (TlsCaller(ca=pem / "authority.pem"), TlsCaller(server_name="analyzer.test")):
        with pytest.raises(DeviceUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            async with connect(Tcp(host="127.0.0.1", port=port, tls=tls), lambda *_: None):
                pass
    server.close()


@pytest.mark.parametrize("authority", ["", "authority.pem"])
async def test_an_analyzer_calls_the_gateway_over_tls(pem: Path, authority: str) -> None:
    tls = TlsListener(
        certificate=pem / "peer.pem",
        key=pem / "peer.key",
        ca=pem / authority if authority else None,
    )
    calls: asyncio.Queue[Stream] = asyncio.Queue()
    options = TcpListen(port=0, tls=tls)
    async with listen(options, lambda *_: None, calls.put_nowait, lambda _: None) as port:
        context = ssl.create_default_context(cafile=pem / "authority.pem")
        if authority:
            context.load_cert_chain(pem / "peer.pem", pem / "peer.key")
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="analyzer.test"
        )
        writer.write(FRAMED)
        call = await calls.get()
        assert await call.read() == FRAMED
        await call.write(b"answer")
        assert await reader.readexactly(6) == b"answer"
        writer.close()
        await call.close()


async def test_a_caller_without_a_certificate_is_not_let_in(pem: Path) -> None:
    calls: list[Stream] = []
    tls = TlsListener(certificate=pem / "peer.pem", key=pem / "peer.key", ca=pem / "authority.pem")
    options = TcpListen(port=0, tls=tls)
    async with listen(options, lambda *_: None, calls.append, lambda _: None) as port:
        context = ssl.create_default_context(cafile=pem / "authority.pem")
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            await first_byte(port, context)
    assert calls == []


async def first_byte(port: int, context: ssl.SSLContext) -> bytes:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="analyzer.test"
    )
    try:
        return await reader.readexactly(1)
    finally:
        writer.transport.abort()


async def test_files_that_are_no_certificates_are_said(pem: Path) -> None:
    tls = TlsCaller(certificate=pem / "peer.key", key=pem / "peer.key")
    with pytest.raises(ConfigError, match="PEM"):
        async with connect(Tcp(host="127.0.0.1", port=1, tls=tls), lambda *_: None):
            pass
