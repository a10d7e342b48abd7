"""What every transport gives a driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from gateway.model import Direction

Tap: TypeAlias = Callable[[Direction, bytes], None]
"""Shown every byte that crosses, as it crosses; must not block."""


class Connection(Protocol):
    """An open two-way byte stream; owned by an `async with` of whoever opened it.

    A driver either reads and writes, waiting for each, or attends, takes and sends: then nothing
    waits between a byte's arrival and its answer.
    """

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

    def attend(self, arrived: Callable[[], None]) -> None:
        """Call `arrived` at every arrival from now on, and at the end; it must not block.

        What it does not `take` stays, and the peer has to wait when that has become much.
        """
        ...

    def take(self) -> bytes:
        """What has arrived, or nothing; nothing while the peer does not take what was sent to it.

        ConnectionError when the line is lost and all is taken.
        """
        ...

    def send(self, data: bytes) -> None:
        """Hand `data` to the line at once; ConnectionError if lost.

        It waits for no room: for answers that are shorter than what they answer.
        """
        ...

    async def drain(self, quiet: float) -> bytes:
        """Read until the line has been silent for `quiet` seconds; return what was thrown away."""
        ...
