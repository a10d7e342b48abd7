"""Starts the servers of the HTTP benchmarks."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. A line written to `process.stdin` makes a fan-out server publish."""

    port: int
    process: Process
    cookie: str = ""

    def head(self, path: str) -> bytes:
        """A request of the person who is signed in there."""
        cookie = f"Cookie: {self.cookie}\r\n" if self.cookie else ""
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookie}\r\n".encode()

    def resident(self) -> int:
        """Bytes of memory that it holds."""
        statm = Path(f"/proc/{self.process.pid}/statm").read_text("ascii")
        return int(statm.split()[1]) * _PAGE

    async def publish(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        await self.process.stdin.drain()


@asynccontextmanager
async def served(kind: str) -> AsyncIterator[Server]:
    """A server of `kind` (bench._http_server) for the block."""
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench._http_server", kind, folder, stdin=PIPE, stdout=PIPE
        )
        try:
            assert process.stdout is not None
            port, _, cookie = (await process.stdout.readline()).decode().strip().partition(" ")
            yield Server(int(port), process, cookie)
        finally:
            process.kill()
            await process.wait()
