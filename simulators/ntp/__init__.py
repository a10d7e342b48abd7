"""A time server whose clock a test sets."""

from simulators.ntp.server import TimeServer

__all__ = ["TimeServer"]
