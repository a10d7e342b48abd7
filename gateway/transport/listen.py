"""Waiting for devices that call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.errors import ConfigError
from gateway.transport.connection import Tap
from gateway.transport.options import TcpListen
from gateway.transport.serve import tune
from gateway.transport.stream import Stream
from gateway.transport.tls import listening

_HANDSHAKE = 10.0


class _Call(Stream):
    """An accepted connection, which learns its peer's name when it is made."""

    def __init__(self, tap: Tap, answer: Callable[[Stream, str], bool]) -> None:
        super().__init__("tcp", tap)
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        host, port, *_ = transport.get_extra_info("peername") or ("unknown", 0)
        self._name = f"tcp {host}:{port}"
        tune(transport.get_extra_info("socket"))
        if not self._answer(self, host):
            self._transport.abort()


@asynccontextmanager
async def listen(
    options: TcpListen, tap: Tap, accept: Callable[[Stream], None], refuse: Callable[[str], None]
) -> AsyncIterator[int]:
    """Hand every connection from an allowed address to `accept`, which must not block.

    `refuse` is told why another was closed at once. Yields the port. ConfigError if the port
    can't be had.
    """

    def answer(stream: Stream, host: str) -> bool:
        if options.allow and host not in options.allow:
            refuse(f"{host} is not among the addresses that may call")
            return False
        accept(stream)
        return True

    context = None if options.tls is None else listening(options.tls)
    try:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Call(tap, answer),
            options.host,
            options.port,
            ssl=context,
            ssl_handshake_timeout=None if context is None else _HANDSHAKE,
        )
    except OSError as error:
        raise ConfigError(
            f"can't listen on {options.host}:{options.port}: {error.strerror or error}; "
            "free the port or choose another"
        ) from error
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
