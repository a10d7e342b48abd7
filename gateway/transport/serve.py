"""Opening a transport: the one way from options to a connection."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import serialx

from gateway.errors import DeviceUnavailable
from gateway.model import sentence
from gateway.transport.options import Outgoing, Rfc2217, Serial, Tcp
from gateway.transport.stream import Stream
from gateway.transport.tls import calling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.transport.connection import Connection, Tap

_KEEPALIVE = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 20_000,
}
"""A peer that vanished without a word is noticed within 25 s, one that owes an ACK within 20 s."""


def connect(options: Outgoing, tap: Tap) -> AbstractAsyncContextManager[Connection]:
    """Open what `options` name and close it at the end; every byte both ways goes to `tap`.

    DeviceUnavailable if it can't be opened.
    """
    match options:
        case Tcp():
            return _tcp(options, tap)
        case Serial():
            return _serial(options, tap)
        case Rfc2217():
            return _rfc2217(options, tap)


@asynccontextmanager
async def _tcp(options: Tcp, tap: Tap) -> AsyncIterator[Connection]:
    place = f"tcp {options.host}:{options.port}"
    loop = asyncio.get_running_loop()
    context = None if options.tls is None else calling(options.tls)
    try:
        async with asyncio.timeout(options.connect_timeout):
            transport, stream = await loop.create_connection(
                lambda: Stream(place, tap),
                options.host,
                options.port,
                ssl=context,
                server_hostname=(options.tls.server_name or None) if options.tls else None,
            )
    except TimeoutError:
        raise DeviceUnavailable(
            sentence(
                "{place}: no answer within {seconds} s: is it on and reachable?",
                place=place,
                seconds=f"{options.connect_timeout:g}",
            )
        ) from None
    except OSError as error:
        raise DeviceUnavailable(
            sentence(
                "{place}: {error}: check host, port and network",
                place=place,
                error=error.strerror or error,
            )
        ) from error
    tune(transport.get_extra_info("socket"))
    try:
        yield stream
    finally:
        await stream.close()


def tune(sock: socket.socket) -> None:
    """Send small requests at once, and notice a peer that vanished."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


@asynccontextmanager
async def _serial(options: Serial, tap: Tap) -> AsyncIterator[Connection]:
    place = f"serial {options.port}"
    try:
        stream = await _open_line(options, options.port, Stream(place, tap), exclusive=True)
    except (OSError, serialx.SerialException) as error:
        raise DeviceUnavailable(
            sentence(
                "{place}: {error}: check the device path, its permissions and that nobody else"
                " uses it",
                place=place,
                error=error,
            )
        ) from error
    try:
        yield stream
    finally:
        await stream.close()


@asynccontextmanager
async def _rfc2217(options: Rfc2217, tap: Tap) -> AsyncIterator[Connection]:
    place = f"rfc2217 {options.host}:{options.port}"
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"rfc2217://{host}:{options.port}"
    try:
        async with asyncio.timeout(options.connect_timeout):
            stream = await _open_line(options, url, Stream(place, tap))
    except TimeoutError:
        raise DeviceUnavailable(
            sentence(
                "{place}: no agreement within {seconds} s: is the device server on, reachable, and"
                " set to RFC 2217?",
                place=place,
                seconds=f"{options.connect_timeout:g}",
            )
        ) from None
    except (OSError, serialx.SerialException) as error:
        raise DeviceUnavailable(
            sentence(
                "{place}: {error}: check host, port and that the device server speaks RFC 2217",
                place=place,
                error=error,
            )
        ) from error
    try:
        yield stream
    finally:
        await stream.close()


async def _open_line(
    options: Serial | Rfc2217, url: str, stream: Stream, *, exclusive: bool = False
) -> Stream:
    """Open a serial line with its settings, here or behind a device server."""
    await serialx.create_serial_connection(
        asyncio.get_running_loop(),
        lambda: stream,
        url=url,
        baudrate=options.baud,
        byte_size=options.data_bits,
        parity=serialx.Parity(options.parity),
        stopbits=serialx.StopBits(options.stop_bits),
        exclusive=exclusive,
    )
    return stream
