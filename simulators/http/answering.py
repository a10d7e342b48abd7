"""HTTP/1.1 answered by hand, so that no library's idea of it stands between."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from simulators.calls import answering

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

Say: TypeAlias = Callable[[str, str], str]
"""The answer to a target and a body."""

FAULTS = ("broken", "cut", "silent")


@dataclass(slots=True)
class Faulty:
    """Answers with `say` unless told otherwise.

    `broken` answers 503, `cut` breaks off half-way, `silent` says nothing.
    """

    say: Say
    faults: set[str] = field(default_factory=set)

    def serving(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[int]:
        """Gives the port."""
        return answering(self._serve, host, port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        if "silent" in self.faults:
            await reader.read()
            return
        writer.write(self._answer(head.split(b" ", 2)[1].decode(), body.decode()))
        await writer.drain()

    def _answer(self, target: str, body: str) -> bytes:
        if "broken" in self.faults:
            return b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
        said = self.say(target, body).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(said)}\r\nconnection: close\r\n\r\n"
        return head.encode() + (said[: len(said) // 2] if "cut" in self.faults else said)
