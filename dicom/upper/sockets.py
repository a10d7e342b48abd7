"""What a DICOM socket needs: no waiting for more to send, prompt ACKs, an end that is noticed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

_KEEPALIVE = {
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 60_000,
}
"""A peer that vanished without a word is noticed within a minute."""
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


def tune(sock: socket.socket) -> None:
    """Set at opening. With Nagle's delay each message with a dataset costs 40 ms a direction."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def quick_ack(transport: asyncio.BaseTransport) -> Callable[[], None]:
    """To call after each read: the next segment is acknowledged at once (Linux).

    A sender with Nagle's delay holds its last, short segment until that comes; the kernel
    forgets the option after a while, so it is set again each time.
    """
    sock: socket.socket | None = transport.get_extra_info("socket")
    if _QUICKACK is None or sock is None:
        return lambda: None
    option = _QUICKACK

    def again() -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, option, 1)
        except OSError:
            return

    return again
