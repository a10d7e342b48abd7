"""Faults on command: one JSON object a line over a Unix socket that only its owner may open.

A request `{"endpoint": "meters", "kind": "silent", …}` is answered `{"ok": true, …}` or
`{"ok": false, "error": "…"}`. `{"endpoint": "", "kind": "list"}` lists endpoints and kinds.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

Handle: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Carries out one request; ValueError (with what is allowed) for one that makes no sense."""

_LONGEST_LINE = 64 * 1024


@asynccontextmanager
async def controlled(path: Path, handle: Handle) -> AsyncIterator[None]:
    """Serve requests on a socket at `path` within the block; the file is removed at the end."""
    _remove(path)
    mask = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(
            lambda reader, writer: _converse(reader, writer, handle), path, limit=_LONGEST_LINE
        )
    finally:
        os.umask(mask)
    async with server:
        try:
            yield
        finally:
            _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle
) -> None:
    try:
        while line := await reader.readline():
            writer.write(json.dumps(answer(line, handle)).encode() + b"\n")
            await writer.drain()
    except (ConnectionError, ValueError):
        return
    finally:
        writer.close()


def answer(line: bytes, handle: Handle) -> Mapping[str, Any]:
    """What to say to one line."""
    try:
        return {"ok": True, **handle(_request(line))}
    except ValueError as error:
        return {"ok": False, "error": str(error)}


def _request(line: bytes) -> Mapping[str, Any]:
    request = json.loads(line)
    if not isinstance(request, dict):
        raise ValueError("a request is a JSON object")  # noqa: TRY004 - the caller's words are wrong
    return request
