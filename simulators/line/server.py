"""A device server on TCP behind which a device talks, with faults on demand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from simulators.calls import answering

FAULTS = ("damage", "glue", "silent")


@dataclass(slots=True)
class LineServer:
    """Sends `lines` to whoever connects, `rate` a second; `sent` is its own log.

    With `glue` a line is cut at random and its end sent with the beginning of the next. With
    `damage`, that share of lines has one byte turned over. With `silent` nothing is said.
    """

    lines: Iterator[bytes]
    rate: float = 1.0
    glue: bool = False
    damage: float = 0.0
    silent: bool = False
    chance: random.Random = field(default_factory=random.Random)
    sent: list[bytes] = field(default_factory=list)

    def serving(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[int]:
        """Gives the port."""
        return answering(self._talk, host, port)

    def fault(self, kind: str) -> None:
        """Begin one of `FAULTS`."""
        if kind not in FAULTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(FAULTS)}")
        self.glue = self.glue or kind == "glue"
        self.silent = self.silent or kind == "silent"
        self.damage = 0.5 if kind == "damage" else self.damage

    def clear(self) -> None:
        self.glue, self.silent, self.damage = False, False, 0.0

    async def _talk(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = b""
        for line in self.lines:
            while self.silent:  # noqa: ASYNC110 - a simulator's own pace
                await asyncio.sleep(1 / self.rate)
            said = held + self._damaged(line)
            cut = self.chance.randrange(len(said)) if self.glue else len(said)
            writer.write(said[:cut])
            held = said[cut:]
            self.sent.append(line)
            await writer.drain()
            await asyncio.sleep(1 / self.rate)
        writer.write(held)
        await writer.drain()

    def _damaged(self, line: bytes) -> bytes:
        if self.chance.random() >= self.damage:
            return line
        at = self.chance.randrange(len(line))
        return line[:at] + bytes([line[at] ^ 0x10]) + line[at + 1 :]
