"""The body of a request: read whole, within bounds, before any handler sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from gateway.web.refusal import Refusal

_PATIENCE = 20.0
_SLOWEST = 64 * 1024
_MOST_FIELDS = 200


async def read(
    receive: Receive, headers: Headers, largest: int, patience: float = _PATIENCE
) -> bytes:
    """The body; Refusal 413 if it is larger, 408 if it dawdles.

    `patience` is in seconds, and a second more for each 64 kB that may come.
    """
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > largest:
        raise _too_large(largest)
    try:
        async with asyncio.timeout(patience + largest / _SLOWEST):
            return await _whole(receive, largest)
    except TimeoutError:
        raise _too_slow() from None


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body which was read before, then whatever comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def bounded(
    receive: Receive, headers: Headers, largest: int, patience: float = _PATIENCE
) -> Receive:
    """A `receive` that hands a body on as it comes, within `largest` bytes.

    Refusal 413 at once if what is declared is larger, and where more comes; 408 where nothing
    comes for `patience` seconds.
    """
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > largest:
        raise _too_large(largest)
    received = 0
    ended = False

    async def next_message() -> Message:
        nonlocal received, ended
        if ended:
            return await receive()
        try:
            async with asyncio.timeout(patience):
                message = await receive()
        except TimeoutError:
            raise _too_slow() from None
        received += len(message.get("body", b""))
        if received > largest:
            raise _too_large(largest)
        ended = not message.get("more_body", False)
        return message

    return next_message


async def form_field(body: bytes, headers: Headers, name: str) -> str:
    """A text field of a posted form; empty if the body is none or has no such field."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _of_pairs(body, name)
    if kind == "multipart/form-data":
        return await _of_parts(body, headers, name)
    return ""


async def _whole(receive: Receive, largest: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > largest:
            raise _too_large(largest)
        if not message.get("more_body", False):
            return bytes(body)


def _of_pairs(body: bytes, name: str) -> str:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    return dict(pairs).get(name, "")


async def _of_parts(body: bytes, headers: Headers, name: str) -> str:
    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(headers, once(), max_fields=_MOST_FIELDS)
    try:
        fields = await parser.parse()
    except (MultiPartException, KeyError):
        return ""
    try:
        value = fields.get(name, "")
        return value if isinstance(value, str) else ""
    finally:
        await fields.close()


def _too_slow() -> Refusal:
    return Refusal(
        408,
        "Too slow",
        "The body of the request did not arrive in time.",
        "Nothing was done. Send it again.",
    )


def _too_large(largest: int) -> Refusal:
    return Refusal(
        413,
        "Too large",
        "The body of the request is larger than {largest} bytes.",
        "Send less at once.",
        largest=largest,
    )
