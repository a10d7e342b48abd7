"""Transports: how bytes reach a device. A connection carries bytes and knows no protocol."""

from gateway.transport.connection import Connection, Tap
from gateway.transport.options import Serial, Tcp, Transport
from gateway.transport.serve import connect

__all__ = ["Connection", "Serial", "Tap", "Tcp", "Transport", "connect"]
