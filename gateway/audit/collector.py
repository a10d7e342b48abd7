"""Sends the audit to a collector over TLS, from where it stopped; the audit itself is the spool."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
import ssl
import struct
import termios
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from gateway.audit.atna import Origin, message
from gateway.audit.entry import AuditEntry
from gateway.audit.options import CollectorOptions
from gateway.audit.syslog import framed
from gateway.audit.trail import AuditTrail
from gateway.errors import DeviceUnavailable, StoreError
from gateway.transport.tls import calling

log = logging.getLogger(__name__)

_GROUP = 200
_LOOK = 0.02
_TIMEOUT = 15.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class Collector:
    """One collector (ITI-20 Record Audit Event over TLS syslog).

    TLS syslog has no acknowledgement. An entry counts as sent when the peer's kernel has
    acknowledged its bytes; what had not come so far when a connection died is sent again, so the
    collector may see an entry twice and never misses one.
    """

    def __init__(self, options: CollectorOptions, trail: AuditTrail, origin: Origin) -> None:
        self._options, self._trail, self._origin = options, trail, origin
        self.failing = ""
        self._turned = asyncio.Event()

    async def turned(self) -> None:
        """Wait until it fails, recovers, or the collector has more."""
        await self._turned.wait()

    async def run(self) -> None:
        """Send what comes, until cancelled; while the collector is away, entries wait on disk."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._connected() as (reader, writer):
                    self._say(None)
                    pause = _FIRST_PAUSE
                    await self._send_all(reader, writer)
            except (OSError, DeviceUnavailable, StoreError) as error:
                self._say(error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _send_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = asyncio.ensure_future(reader.read(1))
        try:
            while not ended.done():
                entries = await self._trail.unsent(_GROUP)
                if entries:
                    await self._send(writer, entries)
                else:
                    grown = asyncio.ensure_future(self._trail.grown())
                    await asyncio.wait((grown, ended), return_when=asyncio.FIRST_COMPLETED)
                    grown.cancel()
        finally:
            ended.cancel()
        raise DeviceUnavailable("the collector closed the connection")

    async def _send(self, writer: asyncio.StreamWriter, entries: Sequence[AuditEntry]) -> None:
        host, process = socket.gethostname(), str(os.getpid())
        frames = (framed(each.at, host, process, message(each, self._origin)) for each in entries)
        writer.write(b"".join(frames))
        async with asyncio.timeout(_TIMEOUT):
            await writer.drain()
            while _unacknowledged(writer):  # noqa: ASYNC110 - the kernel signals no such event
                await asyncio.sleep(_LOOK)
        await self._trail.mark_sent(entries[-1].seq)
        self._turn()

    @asynccontextmanager
    async def _connected(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        options = self._options
        context = None if options.plain else calling(options.tls)
        name = None if options.plain else options.tls.server_name or options.host
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection(
                options.host, options.port, ssl=context, server_hostname=name
            )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    def _say(self, error: Exception | None) -> None:
        """Log the first failure and the recovery, nothing between."""
        reason = "" if error is None else str(error) or type(error).__name__
        place = f"{self._options.host}:{self._options.port}"
        if reason and not self.failing:
            log.warning("The audit collector at %s is away, entries wait: %s", place, reason)
        elif self.failing and not reason:
            log.info("The audit collector at %s takes entries again.", place)
        self.failing = reason
        self._turn()

    def _turn(self) -> None:
        self._turned.set()
        self._turned = asyncio.Event()


def _unacknowledged(writer: asyncio.StreamWriter) -> int:
    """Bytes that the peer's kernel has not acknowledged (SIOCOUTQ)."""
    if writer.transport.is_closing():
        raise DeviceUnavailable("the connection to the collector was lost")
    sock = writer.get_extra_info("socket")
    (count,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))
    return int(count) + writer.transport.get_write_buffer_size()
