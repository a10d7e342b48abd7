"""What every transport gives a driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from gateway.model import Direction

Tap: TypeAlias = Callable[[Direction, bytes], None]
"""Shown every byte that crosses, as it crosses; must not block."""


class Connection(Protocol):
    """An open two-way byte stream; owned by an `async with` of whoever opened it."""

    @property
    def name(self) -> str:
        """The peer in words, for messages: `tcp 10.0.0.5:502`, `serial /dev/ttyUSB0`."""
        ...

    async def read(self) -> bytes:
        """Return at least one byte, as many as have arrived; ConnectionError at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Hand `data` to the line and wait until the buffer has room; ConnectionError if lost."""
        ...

    async def drain(self, quiet: float) -> bytes:
        """Read until the line has been silent for `quiet` seconds; return what was thrown away."""
        ...
