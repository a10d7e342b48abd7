"""Answers HTTP/1.1 by hand, so that no library's idea of it stands between."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

_BEGIN = re.compile(r"<begin>([^<]*)</begin>")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<GetResultsResponse xmlns="urn:lis"><GetResultsResult>{}</GetResultsResult>'
    "</GetResultsResponse></s:Body></s:Envelope>"
)


@dataclass(frozen=True, slots=True)
class Result:
    """One result; `updated` is when it was written or changed last."""

    key: str
    code: str
    value: str
    unit: str
    updated: datetime


@dataclass(slots=True)
class Service:
    """`results` may change at any time. With `broken` it answers 503, with `cut` half an answer."""

    results: dict[str, Result] = field(default_factory=dict)
    zone: str = "Asia/Shanghai"
    broken: bool = False
    cut: bool = False

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
        """Yields the port."""
        server = await asyncio.start_server(self._serve, host, port)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            writer.write(self._answer(head.split(b" ", 2)[1].decode(), body.decode()))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, target: str, body: str) -> bytes:
        if self.broken:
            return b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
        said = (self._soap(body) if body else self._fhir(target)).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(said)}\r\nconnection: close\r\n\r\n"
        return head.encode() + (said[: len(said) // 2] if self.cut else said)

    def _since(self, moment: datetime) -> list[Result]:
        found = [result for result in self.results.values() if result.updated >= moment]
        return sorted(found, key=lambda result: result.updated)

    def _fhir(self, target: str) -> str:
        query = parse_qs(urlsplit(target).query)
        since = datetime.fromisoformat(query["_lastUpdated"][0].removeprefix("ge"))
        rows = self._since(since)[: int(query["_count"][0])]
        return json.dumps({"resourceType": "Bundle", "entry": [_observation(row) for row in rows]})

    def _soap(self, body: str) -> str:
        zone = ZoneInfo(self.zone)
        said = _BEGIN.search(body)
        since = datetime.fromisoformat(said[1] if said else "").replace(tzinfo=zone)
        items = "".join(_item(row, zone) for row in self._since(since))
        return _ENVELOPE.format(escape(f"<results>{items}</results>"))


def _observation(row: Result) -> dict[str, object]:
    return {
        "resource": {
            "resourceType": "Observation",
            "id": row.key,
            "meta": {"lastUpdated": row.updated.astimezone(UTC).isoformat()},
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": row.code}]},
            "valueQuantity": {"value": float(row.value), "code": row.unit},
        }
    }


def _item(row: Result, zone: ZoneInfo) -> str:
    reported = row.updated.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return (
        f'<item id="{row.key}"><reported>{reported}</reported><code>{row.code}</code>'
        f"<value>{row.value}</value><unit>{row.unit}</unit></item>"
    )
