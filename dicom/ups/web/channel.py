"""The event channel of UPS-RS (PS3.18 8.10, 11.1): event reports as DICOM JSON by WebSocket."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field

import orjson
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from dicom.ups.channels import Channel
from dicom.ups.events import Telling, listener_of
from dicom.ups.part import UpsPart
from dicom.ups.terms import EVENT, GLOBAL
from gateway import StoreError
from gateway.room import Permission, Principal, access, principal

log = logging.getLogger(__name__)

_BEHIND = (1013, "events came faster than they were taken: ask for the work items anew")
_STUCK = (1011, "work items can't be read now")
_CLOSING = 1.0


def listens_as(who: Principal, title: str) -> bool:
    """Whether a caller is the subscriber of an AE title: its token bears the title's name."""
    return who.id == listener_of(title)


@dataclass(slots=True)
class EventChannel:
    """One for all subscribers."""

    part: UpsPart
    _number: int = field(default=0, init=False)

    @access(Permission.READ_SCHEDULE)
    async def open(self, socket: WebSocket) -> None:
        """News of what an AE title subscribed to, from now on; what it says itself is not read."""
        title, who = socket.path_params["title"], principal(socket)
        if not listens_as(who, title):
            words = f"the channel of {title[:16]} is opened by the token of that name"
            await socket.send_denial_response(PlainTextResponse(words, 403))
            return
        if self.part.channels.full(title):
            await socket.send_denial_response(PlainTextResponse("too many channels are open", 503))
            return
        with self.part.channels.opened(title) as channel:
            await socket.accept()
            await self._serve(socket, who, channel)

    async def _serve(self, socket: WebSocket, who: Principal, channel: Channel) -> None:
        """Until the subscriber leaves, falls too far behind, or can't be told."""
        telling = asyncio.create_task(self._tell(socket, who, channel), name="ups-channel")
        left = asyncio.create_task(_left(socket), name="ups-channel-left")
        behind = asyncio.create_task(channel.behind.wait(), name="ups-channel-behind")
        tasks = (telling, left, behind)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in tasks:
                each.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        failure = ended[0]
        if isinstance(failure, StoreError):
            log.warning("dicom: the event channel of %s ends: %s", who.name, failure)
            await _close(socket, *_STUCK)
        elif channel.behind.is_set():
            await _close(socket, *_BEHIND)
        elif isinstance(failure, Exception) and not isinstance(failure, WebSocketDisconnect):
            raise failure

    async def _tell(self, socket: WebSocket, who: Principal, channel: Channel) -> None:
        while True:
            news = await channel.next()
            if await self._sees(who, news):
                await socket.send_text(self._said(news))

    async def _sees(self, who: Principal, news: Telling) -> bool:
        if news.uid == GLOBAL:
            return True
        item = await self.part.engine.item(news.uid)
        return item is not None and self.part.seen.sees(who, item)

    def _said(self, news: Telling) -> str:
        """The command elements of an N-EVENT-REPORT (PS3.7 10.3.1), then what it tells."""
        self._number = self._number % 0xFFFF + 1
        said = {
            "00000002": {"vr": "UI", "Value": [EVENT]},
            "00000110": {"vr": "US", "Value": [self._number]},
            "00001000": {"vr": "UI", "Value": [news.uid]},
            "00001002": {"vr": "US", "Value": [int(news.news.event_type)]},
            **news.news.content,
        }
        return orjson.dumps(said).decode()


async def _left(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """One that takes nothing is not told: its connection is dropped (`gateway.app.bounded`)."""
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(_CLOSING):
            await socket.close(code, reason)
