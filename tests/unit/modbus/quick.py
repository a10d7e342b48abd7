"""A wire without sockets and a clock without waiting, for tests of time-outs."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, cast

from gateway.model import Direction
from gateway.transport.stream import Stream


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for a timer, moves the clock to it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("nothing would ever happen")
            self.now += max(timeout, 1e-6)
        return events


class QuickLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing else is to be done."""

    def __init__(self) -> None:
        self._quick = _Selector()
        super().__init__(self._quick)

    def time(self) -> float:
        return self._quick.now


def quick(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in a `QuickLoop`."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=QuickLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


class Pipe(asyncio.Transport):
    """One end of a wire in memory; what is written arrives in pieces of `piece` bytes."""

    def __init__(self, piece: int | None = None) -> None:
        super().__init__()
        self.far: asyncio.Protocol
        self.near: asyncio.Protocol
        self._piece = piece
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        loop, whole = asyncio.get_running_loop(), bytes(data)
        piece = self._piece or len(whole) or 1
        for start in range(0, len(whole), piece):
            loop.call_soon(self.far.data_received, whole[start : start + piece])

    def is_closing(self) -> bool:
        return self._closed

    def abort(self) -> None:
        if not self._closed:
            self._closed = True
            loop = asyncio.get_running_loop()
            loop.call_soon(self.near.connection_lost, None)
            loop.call_soon(self.far.connection_lost, None)

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def wired(device: asyncio.Protocol, piece: int | None = None) -> Stream:
    """A connection to `device`, whose bytes arrive in pieces of `piece`."""
    stream = Stream("wire", _ignore)
    out, back = Pipe(), Pipe(piece)
    out.near, out.far, back.near, back.far = stream, device, device, stream
    stream.connection_made(out)
    device.connection_made(back)
    return stream


def _ignore(direction: Direction, data: bytes) -> None:
    pass


def protocol_of(stream: Stream) -> asyncio.Protocol:
    """The device's end of a wired stream."""
    return cast("Pipe", stream._transport).far
