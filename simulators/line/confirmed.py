"""A device with a framing of its own, which repeats a message until it is accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from simulators.calls import answering

STX, ETX, ACK = b"\x02", b"\x03", b"\x06"


def framed(text: str) -> bytes:
    """STX, text, ETX, and the exclusive or of the text as two hexadecimal digits."""
    data = text.encode()
    check = 0
    for octet in data:
        check ^= octet
    return STX + data + ETX + f"{check:02X}".encode()


@dataclass(slots=True)
class ConfirmedLine:
    """Sends `messages` one by one to whoever connects; the next one once the last was accepted.

    `accepted` is its own log. It waits `patience` seconds for an answer, then sends again.
    """

    messages: Iterator[str]
    patience: float = 10.0
    accepted: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    _waiting: str = ""

    def serving(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[int]:
        """Gives the port."""
        return answering(self._talk, host, port)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            if not self._waiting:
                self._waiting = next(self.messages)
                self.sent.append(self._waiting)
            writer.write(framed(self._waiting))
            await writer.drain()
            if await self._answer(reader) == ACK:
                self.accepted.append(self._waiting)
                self._waiting = ""

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            async with asyncio.timeout(self.patience):
                return await reader.readexactly(1)
        except TimeoutError:
            return b""
