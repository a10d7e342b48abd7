"""A connection over any asyncio transport: bounded buffers, a tap, an end that is never silent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from gateway.model import Direction, sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.transport.connection import Tap

READ_LIMIT = 64 * 1024
"""Bytes kept for a reader that is behind; beyond it the peer has to wait."""


class Stream(asyncio.Protocol):
    """The asyncio protocol and the `Connection` that a driver is given. One reader at a time."""

    def __init__(self, name: str, tap: Tap) -> None:
        self._name = name
        self._tap = tap
        self._chunks: list[bytes] = []
        self._size = 0
        self._lost = ""
        self._paused = False
        self._reader: asyncio.Future[None] | None = None
        self._arrived: Callable[[], None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._closed = asyncio.Event()
        self._transport: asyncio.Transport

    @property
    def name(self) -> str:
        return self._name

    async def read(self) -> bytes:
        """At least one byte, as many as have arrived; ConnectionError at the end."""
        while not self._chunks:
            self._check()
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._take()

    async def write(self, data: bytes) -> None:
        """Hand `data` to the line and wait until the buffer has room; ConnectionError if lost."""
        self.send(data)
        if self._room is not None:
            await asyncio.shield(self._room)
            self._check()

    def attend(self, arrived: Callable[[], None]) -> None:
        """Call `arrived` at every arrival from now on, and at the end."""
        self._arrived = arrived
        if self._chunks or self._lost:
            asyncio.get_running_loop().call_soon(arrived)

    def take(self) -> bytes:
        """What has arrived; nothing while the peer does not take what was sent to it.

        ConnectionError when the line is lost and all is taken.
        """
        if self._room is not None and not self._lost:
            return b""
        if not self._chunks:
            self._check()
        return self._take()

    def send(self, data: bytes) -> None:
        """Hand `data` to the line at once; ConnectionError if lost."""
        if self._lost:
            self._check()
        self._tap(Direction.OUT, data)
        try:
            self._transport.write(data)
        except OSError as error:
            raise ConnectionError(f"{self._name}: {error}") from error

    async def drain(self, quiet: float) -> bytes:
        """Read until the line has been silent for `quiet` seconds; return what was thrown away.

        Zero waits for nothing and throws away what has arrived. Of a line that babbles on, the
        first 64 KiB are returned; the caller bounds the time.
        """
        thrown = self._take()
        while quiet > 0:
            try:
                async with asyncio.timeout(quiet):
                    more = await self.read()
            except TimeoutError:
                break
            if len(thrown) < READ_LIMIT:
                thrown += more
        return thrown

    async def close(self) -> None:
        """Close and wait until the descriptor is free; what is not sent yet is dropped."""
        self._transport.abort()
        await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._tap(Direction.IN, data)
        self._chunks.append(data)
        self._size += len(data)
        if self._size >= READ_LIMIT and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._announce()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = (
            sentence("connection lost: {error}", error=exc)
            if exc
            else sentence("connection closed by the other side")
        )
        self._closed.set()
        self.resume_writing()
        self._announce()

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room.set_result(None)
            if self._chunks:
                self._announce()

    def _check(self) -> None:
        if self._lost:
            raise ConnectionError(sentence("{place}: {why}", place=self._name, why=self._lost))

    def _announce(self) -> None:
        if self._arrived is not None:
            self._arrived()
        elif self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _take(self) -> bytes:
        chunks = self._chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._size = 0
        if self._paused and not self._lost:
            self._paused = False
            self._transport.resume_reading()
        return data
