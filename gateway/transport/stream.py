"""A connection over any asyncio transport: bounded buffers, a tap, an end that is never silent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from gateway.model import Direction, sentence

if TYPE_CHECKING:
    from gateway.transport.connection import Tap

READ_LIMIT = 64 * 1024
"""Bytes kept for a reader that is behind; beyond it the peer has to wait."""


class Stream(asyncio.Protocol):
    """The asyncio protocol and the `Connection` that a driver is given. One reader at a time."""

    def __init__(self, name: str, tap: Tap) -> None:
        self._name = name
        self._tap = tap
        self._buffer = bytearray()
        self._lost = ""
        self._paused = False
        self._reader: asyncio.Future[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._closed = asyncio.Event()
        self._transport: asyncio.Transport

    @property
    def name(self) -> str:
        return self._name

    async def read(self) -> bytes:
        """At least one byte, as many as have arrived; ConnectionError at the end."""
        while not self._buffer:
            self._check()
            await self._arrival()
        return self._take()

    async def write(self, data: bytes) -> None:
        """Hand `data` to the line and wait until the buffer has room; ConnectionError if lost."""
        self._check()
        self._tap(Direction.OUT, data)
        try:
            self._transport.write(data)
        except OSError as error:
            raise ConnectionError(f"{self._name}: {error}") from error
        if not self._room.is_set():
            await self._room.wait()
            self._check()

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
        self._buffer += data
        if len(self._buffer) >= READ_LIMIT and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = (
            sentence("connection lost: {error}", error=exc)
            if exc
            else sentence("connection closed by the other side")
        )
        self._room.set()
        self._closed.set()
        self._wake()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def _check(self) -> None:
        if self._lost:
            raise ConnectionError(sentence("{place}: {why}", place=self._name, why=self._lost))

    async def _arrival(self) -> None:
        self._reader = asyncio.get_running_loop().create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _take(self) -> bytes:
        data = bytes(self._buffer)
        self._buffer.clear()
        if self._paused and not self._lost:
            self._paused = False
            self._transport.resume_reading()
        return data
