"""A laboratory system that posts its results and repeats them until they are acknowledged."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from simulators.http.service import Result

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<SaveResults xmlns="urn:lis"><results>{}</results></SaveResults></s:Body></s:Envelope>'
)


def as_json(results: Sequence[Result], zone: str = "Asia/Shanghai") -> bytes:
    """A document for the profile `results-posted`."""
    rows = [
        {
            "id": each.key,
            "reported": _wall(each.updated, zone),
            "code": each.code,
            "value": each.value,
            "unit": each.unit,
        }
        for each in results
    ]
    return json.dumps({"results": rows}).encode()


def as_soap(results: Sequence[Result], zone: str = "Asia/Shanghai") -> bytes:
    """A document for the profile `results-posted-soap`: XML as text within an envelope."""
    items = "".join(
        f'<item id="{each.key}"><reported>{_wall(each.updated, zone)}</reported>'
        f"<code>{each.code}</code><value>{each.value}</value><unit>{each.unit}</unit></item>"
        for each in results
    )
    return _ENVELOPE.format(escape(f"<results>{items}</results>")).encode()


@dataclass(slots=True)
class Caller:
    """Posts to one address over a connection that it keeps.

    `again` is the share of documents that are sent once more although they were acknowledged,
    `cut` that of posts broken off half-way.
    """

    host: str
    port: int
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    again: float = 0.0
    cut: float = 0.0
    chance: random.Random = field(default_factory=random.Random)
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes) -> int | None:
        """The status that a document was answered with; None if no answer came."""
        try:
            reader, writer = await self._connected()
            request = self._request(body)
            if self.chance.random() < self.cut:
                writer.write(request[: len(request) // 2])
                await writer.drain()
                await self.hang_up()
                return None
            writer.write(request)
            await writer.drain()
            async with asyncio.timeout(30):
                return await self._answer(reader)
        except (OSError, EOFError, TimeoutError):
            await self.hang_up()
            return None

    async def deliver(self, body: bytes, pause: float = 0.05) -> None:
        """Post a document until it is acknowledged, and perhaps once more."""
        while True:
            status = await self.post(body)
            if status is not None and status < 300:  # noqa: PLR2004 - a class of statuses
                break
            await asyncio.sleep(pause)
        if self.chance.random() < self.again:
            await self.post(body)

    async def hang_up(self) -> None:
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        return self._streams

    def _request(self, body: bytes) -> bytes:
        headers = {"host": self.host, "content-length": str(len(body)), **self.headers}
        lines = [f"POST {self.path} HTTP/1.1", *(f"{key}: {text}" for key, text in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def _answer(self, reader: asyncio.StreamReader) -> int:
        head = await reader.readuntil(b"\r\n\r\n")
        status, length = _STATUS.match(head), _LENGTH.search(head)
        if length:
            await reader.readexactly(int(length[1]))
        if b"connection: close" in head.lower():
            await self.hang_up()
        return int(status[1]) if status else 500


def _wall(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
