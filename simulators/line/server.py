"""A device server on TCP behind which a device talks, with faults on demand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class LineServer:
    """Sends `lines` to whoever connects, `rate` a second; `sent` is its own log.

    With `glue` a line is cut at random and its end sent with the beginning of the next. With
    `damage`, that share of lines has one byte turned over.
    """

    lines: Iterator[bytes]
    rate: float = 1.0
    glue: bool = False
    damage: float = 0.0
    chance: random.Random = field(default_factory=random.Random)
    sent: list[bytes] = field(default_factory=list)

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """Yields the port."""
        server = await asyncio.start_server(self._talk, host, port)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _talk(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = b""
        try:
            for line in self.lines:
                said = held + self._damaged(line)
                cut = self.chance.randrange(len(said)) if self.glue else len(said)
                writer.write(said[:cut])
                held = said[cut:]
                self.sent.append(line)
                await writer.drain()
                await asyncio.sleep(1 / self.rate)
            writer.write(held)
            await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    def _damaged(self, line: bytes) -> bytes:
        if self.chance.random() >= self.damage:
            return line
        at = self.chance.randrange(len(line))
        return line[:at] + bytes([line[at] ^ 0x10]) + line[at + 1 :]
