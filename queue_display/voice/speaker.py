"""What sounds in a zone, one call after another: it never talks over itself.

The server decides what is said and when; screens are told to play it, and fetch it by a name that
means nothing. An announcer that fails is followed by the next one, and all of them by the chime
alone: a call is never silent because a voice is.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model import Clock, Instant
from gateway.web import encode
from gateway.web.sse import frame
from queue_display.board import Call
from queue_display.options import Masking, QueueRoomOptions
from queue_display.voice.announcer import Announcer
from queue_display.voice.outside import Speechless
from queue_display.voice.script import Called, Said, Tongue, said
from queue_display.voice.sound import Sound, chime, joined, turned, wav
from queue_display.voice.surnames import READINGS, Reading

log = logging.getLogger(__name__)

OLD = 30_000_000
"""µs after which a call that is first heard of is not said any more."""
_KEPT = 4
_GAP = 0.6
_BETWEEN = 0.35


@dataclass(frozen=True, slots=True)
class Track:
    """A sound as screens are told of it."""

    name: str
    data: bytes
    seconds: float


class Speaker:
    """One zone's voice."""

    def __init__(
        self,
        zone: str,
        section: QueueRoomOptions,
        announcers: Mapping[str, Announcer],
        clock: Clock,
        local: Callable[[Instant], datetime],
    ) -> None:
        options = section.displays[zone]
        if options.voice is None:
            raise ValueError(f"the zone {zone} has no voice")
        self._zone, self._options, self._voice = zone, options, options.voice
        self._queues, self._clock, self._local = section.queues, clock, local
        own = {name: Reading(e.pinyin, e.like) for name, e in section.readings.items()}
        self._readings = {**READINGS, **own}
        self._announcers = {name: announcers[name] for name in self._voice.by}
        self._waiting: deque[Call] = deque()
        self._tracks: OrderedDict[str, Track] = OrderedDict()
        self._known: frozenset[str] = frozenset()
        self._came = asyncio.Event()
        self._failing: set[str] = set()

    def is_quiet(self, now: Instant) -> bool:
        """Whether nothing may sound in the zone now."""
        return self._voice.is_quiet(self._local(now).time())

    def hear(self, calls: Iterable[Call], now: Instant) -> None:
        """Have those said that stand, are new and not old, each in its turn.

        `calls` are all that stand, so that no more wait than patients are called.
        """
        standing = {each.key: each for each in calls if each.stands}
        waiting = [each for each in self._waiting if each.key in standing]
        if not self.is_quiet(now):
            waiting += [
                each
                for key, each in reversed(standing.items())
                if key not in self._known and now - each.at < OLD
            ]
        self._waiting = deque(waiting)
        self._known = frozenset(standing)
        if waiting:
            self._came.set()

    async def run(self, tell: Callable[[bytes], object]) -> None:
        """Say one after another until cancelled; `tell` gives the screens a frame."""
        while True:
            while (call := self._next()) is None:
                self._came.clear()
                await self._came.wait()
            track = await self.track(call)
            tell(frame("say", encode({"sound": track.name})))
            await asyncio.sleep(track.seconds + _GAP)

    def sound(self, name: str) -> bytes | None:
        """A sound that was said lately; None if there is none of this name."""
        track = self._tracks.get(name)
        return track.data if track is not None else None

    async def track(self, call: Call) -> Track:
        """A call as it sounds here: chime, every language, repeated."""
        spoken = [each for line in self.script(call) if (each := await self._spoken(line))]
        begin = [chime()] if self._voice.chime or not spoken else []
        whole = joined([*begin, *spoken * (self._voice.repeat if spoken else 1)], _BETWEEN)
        sound = turned(whole, self._voice.volume)
        track = Track(os.urandom(9).hex(), wav(sound), sound.seconds)
        self._tracks[track.name] = track
        while len(self._tracks) > _KEPT:
            self._tracks.popitem(last=False)
        return track

    def script(self, call: Call) -> Sequence[Said]:
        """What is said of a call, in each language of its queue."""
        name = call.who.name if self._voice.names else ""
        whole = self._options.names is Masking.MASKED
        who = (call.who.label, name, call.place, call.sex)
        called = Called(*who, full_mask=whole, surname=call.surname)
        tongues: Sequence[Tongue] = self._queues[call.lane].said_in or self._voice.languages
        return [said(called, each, self._readings) for each in tongues]

    def _next(self) -> Call | None:
        """The next call that stands, however long it had to wait for those before it."""
        return self._waiting.popleft() if self._waiting else None

    async def _spoken(self, sentence: Said) -> Sound | None:
        for name, announcer in self._announcers.items():
            try:
                sound = await announcer.speak(sentence)
            except Speechless as reason:
                if name not in self._failing:
                    log.warning("The announcer %s says nothing in %s: %s", name, self._zone, reason)
                self._failing.add(name)
                continue
            self._failing.discard(name)
            return sound
        return None
