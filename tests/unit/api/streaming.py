"""A client of server-sent events, straight on ASGI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass
class Stream:
    """A client of an event stream, straight on ASGI. `let_read` makes it stop and go on."""

    status: asyncio.Future[int]
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    chunks: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    _buffer: bytes = b""

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status.set_result(message["status"])
            return
        await self.reading.wait()
        self.chunks.put_nowait(message["body"])
        if not message.get("more_body"):
            self.ended.set()
            self.left.set()

    async def frame(self) -> dict[str, Any]:
        """The next event, its data decoded; comments and the retry line are passed over."""
        async with asyncio.timeout(5):
            while True:
                head, end, self._buffer = self._buffer.partition(b"\n\n")
                if not end:
                    self._buffer = head + await self.chunks.get()
                    continue
                fields = dict(line.split(": ", 1) for line in head.decode().split("\n"))
                if "data" in fields:
                    return {**fields, "data": json.loads(fields["data"])}


@asynccontextmanager
async def opened(
    app: ASGIApp,
    query: str = "",
    path: str = "/api/v1/stream",
    last: int | None = None,
    **more: str,
) -> AsyncIterator[Stream]:
    """`more` are headers."""
    headers = [(b"host", b"localhost")]
    headers += [(name.encode(), text.encode()) for name, text in more.items()]
    if last is not None:
        headers.append((b"last-event-id", str(last).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8080),
    }
    stream = Stream(asyncio.get_running_loop().create_future())
    stream.reading.set()
    async with asyncio.TaskGroup() as group:
        group.create_task(app(scope, stream.receive, stream.send))  # type: ignore[arg-type]
        await stream.status
        try:
            yield stream
        finally:
            stream.left.set()
