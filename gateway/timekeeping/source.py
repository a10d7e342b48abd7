"""Asking a server for the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from gateway.errors import DeviceUnavailable, ProtocolViolation
from gateway.timekeeping.sntp import Offset, answer, question

_MICROS = 1000
_PORT = 123


def wall() -> int:
    """This machine's clock, in microseconds since 1970."""
    return time.time_ns() // _MICROS


class _Exchange(asyncio.DatagramProtocol):
    """One request; answers that are not its own are passed over."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self.offset: asyncio.Future[Offset] = asyncio.get_running_loop().create_future()
        self.refused: ProtocolViolation | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sent = self._clock()
        cast("asyncio.DatagramTransport", transport).sendto(question(self._sent))

    def datagram_received(self, data: bytes, _address: object) -> None:
        received = self._clock()
        if self.offset.done():
            return
        try:
            self.offset.set_result(answer(data, self._sent, received))
        except ProtocolViolation as error:
            self.refused = error

    def error_received(self, error: Exception) -> None:
        if not self.offset.done():
            self.offset.set_exception(error)


async def ask(server: str, *, patience: float = 3.0, clock: Callable[[], int] = wall) -> Offset:
    """The offset of a server's clock (`host` or `host:port`); DeviceUnavailable if it is silent.

    An answer that is wrong does not end the waiting for a right one: anybody can send one.
    """
    host, _, port = server.partition(":")
    loop = asyncio.get_running_loop()
    try:
        transport, exchange = await loop.create_datagram_endpoint(
            lambda: _Exchange(clock), remote_addr=(host, int(port or _PORT))
        )
    except OSError as error:
        raise DeviceUnavailable(f"the time server {server} can't be asked: {error}") from error
    try:
        async with asyncio.timeout(patience):
            return await exchange.offset
    except TimeoutError:
        why = exchange.refused or f"no answer within {patience:g} s"
        raise DeviceUnavailable(f"the time server {server}: {why}") from None
    except OSError as error:
        raise DeviceUnavailable(f"the time server {server}: {error.strerror or error}") from error
    finally:
        transport.close()
