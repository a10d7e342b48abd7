"""The network between one sensor and the broker, which can be cut or made to hang."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_CHUNK = 65_536


class Relay:
    """Passes bytes on between sensors that connect to `port` and the broker."""

    def __init__(self, host: str, port: int) -> None:
        self._broker = (host, port)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    def freeze(self) -> None:
        """Make the connection half-open: it stays, and nothing gets through."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        """End every connection without a farewell."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            theirs, ours = await asyncio.open_connection(*self._broker)
        except OSError:
            writer.close()
            return
        pair = {writer, ours}
        self._writers |= pair
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader, ours), name="sensor to broker")
                tasks.create_task(self._pump(theirs, writer), name="broker to sensor")
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(_CHUNK):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
            sink.write_eof()
        except OSError:
            sink.transport.abort()


@asynccontextmanager
async def relay(host: str, port: int) -> AsyncIterator[Relay]:
    """A relay on a free loopback port; its connections end with the block."""
    between = Relay(host, port)
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(between.serve(reader, writer), name=f"relay {between.port}")
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    between.port = server.sockets[0].getsockname()[1]
    try:
        yield between
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
