"""An NTP server (RFC 5905, server mode) with a clock that is off, and with faults."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

_FROM_1900 = 2_208_988_800


@dataclass
class TimeServer:
    """`ahead` is seconds; `fault`: "" none, "silent", "kiss", "unsynchronized", "stranger"."""

    ahead: float = 0.0
    fault: str = ""
    port: int = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free loopback port; gives `host:port`."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Serving(self), local_addr=("127.0.0.1", self.port)
        )
        host, self.port = transport.get_extra_info("sockname")
        try:
            yield f"{host}:{self.port}"
        finally:
            transport.close()

    def reply(self, request: bytes) -> bytes:
        """The answer to a request, by the fault."""
        stamp = self._stamp()
        leap, stratum, name = 0, 2, b"LOCL"
        origin = request[40:48]
        if self.fault == "kiss":
            stratum, name = 0, b"RATE"
        elif self.fault == "unsynchronized":
            leap = 3
        elif self.fault == "stranger":
            origin = bytes(8)
        first = leap << 6 | 4 << 3 | 4
        return bytes((first, stratum, 6, 0xEC)) + bytes(8) + name + stamp + origin + stamp + stamp

    def _stamp(self) -> bytes:
        now = time.time() + self.ahead + _FROM_1900
        whole = int(now)
        return (whole % 2**32).to_bytes(4, "big") + int((now - whole) * 2**32).to_bytes(4, "big")


class _Serving(asyncio.DatagramProtocol):
    def __init__(self, server: TimeServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if self._server.fault != "silent":
            self._transport.sendto(self._server.reply(data), address)
