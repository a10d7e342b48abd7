"""Transports: how bytes reach a device. A connection carries bytes and knows no protocol."""

from gateway.transport.connection import Connection, Tap
from gateway.transport.listen import listen
from gateway.transport.options import (
    Outgoing,
    Rfc2217,
    Serial,
    Tcp,
    TcpListen,
    TlsListener,
    Transport,
)
from gateway.transport.serve import connect

__all__ = [
    "Connection",
    "Outgoing",
    "Rfc2217",
    "Serial",
    "Tap",
    "Tcp",
    "TcpListen",
    "TlsListener",
    "Transport",
    "connect",
    "listen",
]
