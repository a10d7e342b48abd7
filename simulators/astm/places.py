"""Where an analyzer is plugged in: it calls, it is called, or it hangs on a serial line."""

from __future__ import annotations

import asyncio
import errno
import os
import pty
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_BITS = 10
"""Start, eight data bits and stop: what a byte costs on the line."""
_SLICE = 0.01


class Line(Protocol):
    """An open line of an analyzer."""

    async def read(self) -> bytes:
        """What came; nothing at the end of the line."""
        ...

    async def write(self, data: bytes) -> None: ...


@dataclass
class _Streams:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self) -> bytes:
        try:
            return await self.reader.read(4096)
        except ConnectionError:
            return b""

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


class TcpClientPlace:
    """The analyzer calls the host."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """Call until somebody answers, four times a second."""
        streams = await self._call()
        while streams is None:
            await asyncio.sleep(0.25)
            streams = await self._call()
        try:
            yield streams
        finally:
            streams.writer.transport.abort()

    async def _call(self) -> _Streams | None:
        try:
            return _Streams(*await asyncio.open_connection(self._host, self._port))
        except OSError:
            return None


class TcpServerPlace:
    """The host calls the analyzer. `port` is known within `open`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host, self.port = host, port
        self._calls: asyncio.Queue[_Streams] = asyncio.Queue()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TcpServerPlace]:
        server = await asyncio.start_server(self._called, self._host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            while not self._calls.empty():
                self._calls.get_nowait().writer.transport.abort()
            await asyncio.sleep(0)

    async def _called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._calls.put(_Streams(reader, writer))

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """The next call."""
        streams = await self._calls.get()
        try:
            yield streams
        finally:
            streams.writer.transport.abort()


class PtyPlace:
    """A serial line of a certain speed. The host opens `path`, which stays while it is open."""

    def __init__(self, baud: int = 9600, path: Path | None = None) -> None:
        self.baud = baud
        self._link = path
        self.path = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PtyPlace]:
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._ours = ours
        self.path = self._show(os.ttyname(theirs))
        try:
            yield self
        finally:
            if self._link is not None:
                self._link.unlink(missing_ok=True)
            os.close(theirs)
            os.close(ours)

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """The wire itself: nobody has to answer a call."""
        yield _Paced(self._ours, self.baud / _BITS)

    def _show(self, path: str) -> str:
        if self._link is None:
            return path
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(path)
        return str(self._link)


class _Paced:
    """A token bucket in front of the descriptor: no byte leaves before its time."""

    def __init__(self, descriptor: int, rate: float) -> None:
        self._descriptor, self._rate = descriptor, rate
        self._free_at = 0.0

    async def write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        step = max(1, int(self._rate * _SLICE))
        for at in range(0, len(data), step):
            piece = data[at : at + step]
            self._free_at = max(self._free_at, loop.time()) + len(piece) / self._rate
            await asyncio.sleep(self._free_at - loop.time())
            await self._push(piece)

    async def _push(self, piece: bytes) -> None:
        while piece:
            try:
                piece = piece[os.write(self._descriptor, piece) :]
            except BlockingIOError:
                await asyncio.sleep(_SLICE)

    async def read(self) -> bytes:
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[bytes] = loop.create_future()

        def take() -> None:
            try:
                data = os.read(self._descriptor, 4096)
            except BlockingIOError:
                return
            except OSError as error:
                data = b""
                if error.errno != errno.EIO:
                    raise
            if not readable.done():
                readable.set_result(data)

        loop.add_reader(self._descriptor, take)
        try:
            return await readable
        finally:
            loop.remove_reader(self._descriptor)
