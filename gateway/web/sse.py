"""Server-sent events over raw ASGI (WHATWG HTML, 9.2 Server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Receive, Send

HEARTBEAT = b": still here\n\n"
_FIRST = b"retry: 2000\n\n"

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def frame(event: str, data: bytes, id_: int | None = None) -> bytes:
    """One event; `data` is JSON, so it holds no line break."""
    head = b"" if id_ is None else b"id: %d\n" % id_
    return b"%sevent: %s\ndata: %s\n\n" % (head, event.encode("ascii"), data)


async def respond(receive: Receive, send: Send, chunks: AsyncGenerator[bytes, None]) -> None:
    """Send chunks until they end or the client leaves, whichever comes first."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    async with asyncio.TaskGroup() as group:
        pump = group.create_task(_pump(send, chunks), name="sse-pump")
        while (await receive())["type"] != "http.disconnect":
            pass
        pump.cancel()


async def _pump(send: Send, chunks: AsyncGenerator[bytes, None]) -> None:
    await send({"type": "http.response.body", "body": _FIRST, "more_body": True})
    async with aclosing(chunks):
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
