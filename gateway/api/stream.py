"""`GET /stream` and `/links/{link}/tap`: what happens, as it happens."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.api.broadcast import Broadcast
from gateway.api.listener import Interest, Topic
from gateway.room import Permission, about, access, principal
from gateway.room.route import PREFIX
from gateway.web import GatewayView, Refusal, encode, rfc3339, seen
from gateway.web.refusal import check_cursor, unknown_link
from gateway.web.sse import HEARTBEAT, frame, respond

if TYPE_CHECKING:
    from gateway.supervisor import Tapped

_TURN = 1.0
"""Seconds after which a quiet tap looks whether the streams were ended."""

_HEARTBEAT_TURNS = 15
_MOST_CLIENTS = 5000


def routes(view: GatewayView, broadcast: Broadcast) -> list[Route]:
    return [
        Route(f"{PREFIX}/stream", Stream(view, broadcast), methods=["GET"]),
        Route(f"{PREFIX}/links/{{link}}/tap", Tap(view, broadcast), methods=["GET"]),
    ]


@access(Permission.READ_SITE)
class Stream:
    """`?topics=event,latest,device,alarm` (all of `event` by default), `?device=` once or more.

    Each client is sent what its caller may see, by kind of event and by department.
    `Last-Event-ID` (or `?after=`) continues after that seq; without it the stream begins now. 410:
    the log does not go as far as that seq.
    """

    def __init__(self, view: GatewayView, broadcast: Broadcast) -> None:
        self._view = view
        self._broadcast = broadcast

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """What was needed to begin is let go before the stream runs, for hours."""
        request = Request(scope)
        interest = self._interest(request)
        if Topic.ALARM in interest.topics and not principal(request).may(Permission.READ_ALARMS):
            raise Refusal(
                403,
                "Not allowed",
                "The alarms of this site are not shown to you.",
                "Leave `alarm` out of the topics, or ask for the permission alarms.read.",
            )
        after = _after(request)
        if after is not None and Topic.EVENT in interest.topics:
            check_cursor(after, self._view.store.last_seq)
        chunks = self._broadcast.stream(interest, after)
        if self._broadcast.clients >= _MOST_CLIENTS:
            raise Refusal(
                503,
                "Too many live clients",
                "The live stream serves {most} clients at once.",
                "Close pages that nobody watches, or read /api/v1/events by `after`.",
                most=_MOST_CLIENTS,
            )
        return respond(receive, send, chunks)

    def _interest(self, request: Request) -> Interest:
        view = seen(self._view, request)
        devices = frozenset(request.query_params.getlist("device"))
        for device in devices:
            view.device(device)
        topics = _topics(request.query_params.get("topics", Topic.EVENT))
        if Topic.EVENT in topics and view.sight.reveals_patients:
            about(request, reveals=Permission.READ_EVENTS)
        return Interest(topics, devices, view.sight)


@access(Permission.READ_WIRE)
class Tap:
    """The bytes of one link, both ways, as they cross; `missed` counts what came too fast."""

    def __init__(self, view: GatewayView, broadcast: Broadcast) -> None:
        self._view = view
        self._broadcast = broadcast

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        link = scope["path_params"]["link"]
        view = seen(self._view, Request(scope))
        if all(status.id != link for status in view.links()) or not view.sees_link(link):
            raise unknown_link(link)
        await respond(receive, send, self._chunks(link))

    async def _chunks(self, link: str) -> AsyncGenerator[bytes, None]:
        quiet = 0
        with self._view.tap(link) as queue:
            while not self._broadcast.ended:
                try:
                    async with asyncio.timeout(_TURN):
                        tapped = await queue.get()
                except TimeoutError:
                    quiet += 1
                    if quiet % _HEARTBEAT_TURNS == 0:
                        yield HEARTBEAT
                else:
                    yield _tap_frame(tapped)


def _tap_frame(tapped: Tapped) -> bytes:
    item = {
        "link": tapped.link,
        "at": rfc3339(tapped.at),
        "direction": tapped.direction,
        "bytes": b64encode(tapped.data).decode("ascii"),
        "missed": tapped.missed,
    }
    return frame("bytes", encode(item))


def _topics(text: str) -> frozenset[Topic]:
    try:
        return frozenset(Topic(name) for name in text.split(","))
    except ValueError:
        raise _bad_query("topics", text, ", ".join(Topic)) from None


def _after(request: Request) -> int | None:
    text = request.headers.get("last-event-id") or request.query_params.get("after")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise _bad_query("Last-Event-ID", text, "a seq")
    return int(text)


def _bad_query(name: str, text: str, allowed: str) -> Refusal:
    return Refusal(
        422,
        "Bad query",
        "{name} is {text}, which is not understood.",
        "Allowed: {allowed}.",
        name=name,
        text=repr(text),
        allowed=allowed,
    )
