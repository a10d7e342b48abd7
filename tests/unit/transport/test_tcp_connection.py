from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from gateway.errors import DeviceUnavailable
from gateway.model import Direction
from gateway.transport import Tcp, connect
from gateway.transport.stream import READ_LIMIT, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Peer:
    """The other end of one loopback connection."""

    def __init__(self) -> None:
        self.port = 0
        self.joined: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]


@asynccontextmanager
async def listening() -> AsyncIterator[Peer]:
    peer = Peer()
    peer.joined = asyncio.get_running_loop().create_future()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.joined.set_result((reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        if peer.joined.done():
            writer = peer.joined.result()[1]
            writer.transport.abort()
        await server.wait_closed()


def ignore(direction: Direction, data: bytes) -> None:
    pass


async def test_bytes_go_both_ways_and_every_one_is_tapped() -> None:
    seen: list[tuple[Direction, bytes]] = []
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), lambda d, b: seen.append((d, b))) as line,
    ):
        reader, writer = await peer.joined
        await line.write(b"ask")
        assert await reader.readexactly(3) == b"ask"
        writer.write(b"answer")
        assert await line.read() == b"answer"
        assert line.name == f"tcp 127.0.0.1:{peer.port}"
    assert seen == [(Direction.OUT, b"ask"), (Direction.IN, b"answer")]


async def test_small_requests_are_sent_at_once_and_a_vanished_peer_is_noticed() -> None:
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), ignore) as line,
    ):
        assert isinstance(line, Stream)
        sock: socket.socket = line._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10


async def test_end_of_the_connection_raises_after_the_last_bytes() -> None:
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), ignore) as line,
    ):
        _, writer = await peer.joined
        writer.write(b"last")
        writer.close()
        await writer.wait_closed()
        assert await line.read() == b"last"
        for _ in range(2):
            with pytest.raises(ConnectionError, match=f"127.0.0.1:{peer.port}: connection closed"):
                await line.read()
        with pytest.raises(ConnectionError):
            await line.write(b"too late")


async def test_a_waiting_reader_learns_of_the_end() -> None:
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), ignore) as line,
    ):
        _, writer = await peer.joined
        waiting = asyncio.ensure_future(line.read())
        writer.close()
        with pytest.raises(ConnectionError):
            await waiting


async def test_nobody_listening_is_said_with_place() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeviceUnavailable, match=rf"tcp 127.0.0.1:{port}: .*check host"):
        async with connect(Tcp(host="127.0.0.1", port=port), ignore):
            pytest.fail("opened")


async def test_a_peer_that_never_accepts_is_given_up() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        address = deaf.getsockname()
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        options = Tcp(host="127.0.0.1", port=address[1], connect_timeout=0.05)
        with pytest.raises(DeviceUnavailable, match=r"no answer within 0\.05 s"):
            async with connect(options, ignore):
                pytest.fail("opened")
        for filler in fillers:
            filler.close()


async def test_drain_throws_away_until_the_line_is_quiet() -> None:
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), ignore) as line,
    ):
        _, writer = await peer.joined
        writer.write(b"late")
        assert await line.drain(0.05) == b"late"
        assert await line.drain(0) == b""
        writer.write(b"fresh")
        assert await line.read() == b"fresh"


async def test_drain_learns_of_the_end() -> None:
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), ignore) as line,
    ):
        _, writer = await peer.joined
        writer.close()
        with pytest.raises(ConnectionError):
            await line.drain(5)


async def test_a_slow_reader_stops_the_peer_instead_of_filling_memory() -> None:
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), ignore) as line,
    ):
        assert isinstance(line, Stream)
        _, writer = await peer.joined
        whole = 64 * READ_LIMIT
        writer.transport.set_write_buffer_limits(high=whole // 2)
        writer.write(bytes(whole))
        await writer.drain()
        assert line._size < 8 * READ_LIMIT
        got = 0
        while got < whole:
            got += len(await line.read())
        assert got == whole


async def test_a_slow_peer_stops_the_writer() -> None:
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), ignore) as line,
    ):
        reader, _ = await peer.joined
        whole = 16 * 1024 * 1024
        writing = asyncio.ensure_future(line.write(bytes(whole)))
        got = len(await reader.read(1024))
        assert not writing.done()
        while got < whole:
            got += len(await reader.read(1 << 20))
        await writing


async def test_a_writer_that_waits_learns_of_the_end() -> None:
    async with (
        listening() as peer,
        connect(Tcp(host="127.0.0.1", port=peer.port), ignore) as line,
    ):
        _, writer = await peer.joined
        writing = asyncio.ensure_future(line.write(bytes(16 * 1024 * 1024)))
        await asyncio.sleep(0)
        writer.transport.abort()
        with pytest.raises(ConnectionError):
            await writing
