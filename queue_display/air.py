"""The live stream of displays and desks: each board is encoded once for all screens of its zone.

A frame carries `epoch`, which changes when the gateway starts, and `seq`, which counts the boards
of a zone: whoever finds that it has missed one asks for the board anew. Every `BEAT` seconds all
are told that nothing changed; while the queue can't be read nobody is, so that the screens say so
by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.model import Clock
from gateway.room import roused, steadily
from gateway.web import encode
from gateway.web.listener import Audience
from gateway.web.sse import frame
from queue_display.board import board
from queue_display.estimate import Estimates, Wait
from queue_display.options import QueueRoomOptions
from queue_display.scene import Scene, Stage

if TYPE_CHECKING:
    from queue_display.voice.speaker import Speaker

log = logging.getLogger(__name__)

BEAT = 5.0
MOST_SCREENS = 5000
_STAFF = ""
"""The zone of the desks: they are told that something changed, and ask what."""


@dataclass(slots=True)
class _Zone:
    audience: Audience = field(default_factory=Audience)
    seq: int = 0
    shown: dict[str, Any] = field(default_factory=dict)


class Air:
    """Follows the queue for all screens together."""

    def __init__(
        self,
        stage: Stage,
        clock: Clock,
        estimates: Estimates,
        speakers: Mapping[str, Speaker] | None = None,
    ) -> None:
        self._stage, self._clock = stage, clock
        self._speakers = speakers or {}
        self._options: QueueRoomOptions = stage.options
        self._estimates = estimates
        self._waits: dict[str, Wait] = {}
        self._zones = {zone: _Zone() for zone in (*self._options.displays, _STAFF)}
        self._moved = asyncio.Event()
        self._scene: Scene | None = None
        self.epoch = os.urandom(6).hex()

    @property
    def screens(self) -> int:
        return sum(len(zone.audience) for zone in self._zones.values())

    async def run(self) -> None:
        """Until cancelled; then every stream ends."""
        stop = self._stage.book.watch(self._moved.set)
        try:
            await steadily(
                self.turn,
                lambda: roused(self._moved, BEAT),
                lambda error: log.warning("The displays get no news: %s", error),
            )
        finally:
            stop()
            self.end_streams()

    async def turn(self) -> None:
        """Look once, and send what changed; those for whom nothing did are sent a beat."""
        self._moved.clear()
        scene = await self._stage.scene(self._clock.now())
        self._waits = await self._estimates.waits(scene)
        changed = self._scene is None or self._scene.lanes != scene.lanes
        self._scene = scene
        for name, zone in self._zones.items():
            shown = self._shown(scene, name) if name else zone.shown
            if shown != zone.shown or (not name and changed):
                zone.seq += 1
                zone.shown = shown
                zone.audience.give(frame("board", encode(self._said(zone, whole=True))))
            else:
                zone.audience.give(frame("beat", encode(self._said(zone))))

    async def speak(self, name: str) -> None:
        """Say the calls of a zone that has a voice, until cancelled."""
        await self._speakers[name].run(self._zones[name].audience.give)

    def sound(self, name: str, sound: str) -> bytes | None:
        """A sound that the screens of a zone were told to play; None if there is none."""
        speaker = self._speakers.get(name)
        return speaker.sound(sound) if speaker is not None else None

    def waits(self) -> dict[str, Wait]:
        """The estimates that stand, by ticket."""
        return self._waits

    def place(self) -> str:
        """How far the desks have been told, as `epoch/seq`: a page that is older is behind."""
        return f"{self.epoch}/{self._zones[_STAFF].seq}"

    async def snapshot(self, name: str) -> dict[str, Any]:
        """What a zone shows now."""
        if self._scene is None:
            await self.turn()
        return self._said(self._zones[name], whole=True)

    async def stream(self, name: str) -> AsyncGenerator[bytes, None]:
        """The board as it is, then every change and beat."""
        zone = self._zones[name]
        first = await self.snapshot(name)
        with zone.audience.listening() as listener:
            yield frame("board", encode(first))
            async for chunk in listener.chunks():
                yield chunk

    def end_streams(self) -> None:
        """End every stream, so that a server that waits for its connections can stop."""
        for zone in self._zones.values():
            zone.audience.end()

    def _shown(self, scene: Scene, name: str) -> dict[str, Any]:
        made = board(scene, name, self._options.displays[name], self._waits)
        speaker = self._speakers.get(name)
        if speaker is None:
            return made.payload()
        speaker.hear(made.calls, scene.now)
        return {**made.payload(), "voice": "quiet" if speaker.is_quiet(scene.now) else "on"}

    def _said(self, zone: _Zone, *, whole: bool = False) -> dict[str, Any]:
        now = self._clock.now()
        said = {
            "epoch": self.epoch,
            "seq": zone.seq,
            "now": now // 1000,
            "clock": self._stage.book.clock(now),
        }
        return {**said, "board": zone.shown} if whole else said
