"""Talks to a running gateway through its Unix socket; its files are never opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from gateway.cli.places import CONTROL_SOCKET, find, short_path
from gateway.errors import IsogateError

if TYPE_CHECKING:
    import httpx

PREFIX = "/api/v1"
_CONNECT = 5.0
_LONG = 3600.0


class NoGateway(IsogateError):  # noqa: N818 - a state of the world, named as staff name it
    """No gateway answers at the place that was named."""


class Refused(IsogateError):  # noqa: N818 - named for what the gateway did
    """The gateway answered, and did not do it; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One server-sent event; `data` is its parsed JSON."""

    event: str
    data: Any


class Gateway:
    """One gateway, as its owner reaches it."""

    def __init__(self, client: httpx.Client, place: Path) -> None:
        self._client = client
        self._place = place

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's time zone, in which its people read the clock."""
        return ZoneInfo(self.get("/site")["time_zone"])

    def get(self, path: str, **query: str | int) -> Any:
        """The parsed answer to a GET of `/api/v1` + `path`."""
        with self._spoken_plainly():
            return _answer(self._client.get(PREFIX + path, params=query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The parsed answer to a POST; waits as long as the gateway works on it."""
        content = orjson.dumps(body) if body is not None else b""
        headers = {"content-type": "application/json"}
        with self._spoken_plainly():
            return _answer(
                self._client.post(PREFIX + path, content=content, headers=headers, timeout=_LONG)
            )

    def stream(self, path: str, **query: str | int) -> Iterator[Sent]:
        """Server-sent events, until the gateway ends the stream."""
        yield from self._stream("GET", path, params=query)

    def post_stream(self, path: str, body: Mapping[str, Any]) -> Iterator[Sent]:
        """Server-sent events that answer a POST, until the gateway ends the stream."""
        yield from self._stream("POST", path, content=orjson.dumps(body))

    def _stream(self, method: str, path: str, **asked: Any) -> Iterator[Sent]:
        import httpx

        timeout = httpx.Timeout(_CONNECT, read=None)
        request = self._client.stream(method, PREFIX + path, timeout=timeout, **asked)
        with self._spoken_plainly(), request as response:
            if response.is_error:
                response.read()
                _answer(response)
            yield from parse_stream(response.iter_lines())

    @contextmanager
    def _spoken_plainly(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except httpx.TransportError as error:
            raise NoGateway(
                f"the gateway at {self._place} stopped answering ({error}); "
                "see its log, or start it with `isogate run`"
            ) from error


@contextmanager
def reach(data: Path | None) -> Iterator[Gateway]:
    """The gateway that runs on `data`, or on one of the usual places; NoGateway if none does."""
    import httpx

    place = find(data)
    socket = place / CONTROL_SOCKET
    if not socket.exists():
        raise NoGateway(
            f"no gateway runs on {place}: start one with `isogate run`, "
            "or name its data directory with --data"
        )
    with short_path(socket) as path:
        transport = httpx.HTTPTransport(uds=path)
        with httpx.Client(
            transport=transport, base_url="http://localhost", timeout=_CONNECT
        ) as client:
            yield Gateway(client, place)


def parse_stream(lines: Iterator[str]) -> Iterator[Sent]:
    """Events of a text/event-stream whose data are one JSON line each (WHATWG HTML 9.2.6)."""
    event = data = ""
    for line in lines:
        field, _, value = line.partition(":")
        if field == "event":
            event = value.removeprefix(" ")
        elif field == "data":
            data = value.removeprefix(" ")
        elif not line and data:
            yield Sent(event, orjson.loads(data))
            event = data = ""


def _answer(response: httpx.Response) -> Any:
    if response.is_success:
        return orjson.loads(response.content) if response.content else None
    raise Refused(_reason(response))


def _reason(response: httpx.Response) -> str:
    """What a problem document (RFC 9457) says, as one message."""
    try:
        problem = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return f"the gateway answered {response.status_code}"
    if not isinstance(problem, dict):
        return f"the gateway answered {response.status_code}"
    parts = (problem.get("detail") or problem.get("title"), problem.get("advice"))
    lines = [" ".join(str(part) for part in parts if part)]
    lines += [str(entry) for entry in problem.get("problems", ())]
    return "\n".join(lines)
