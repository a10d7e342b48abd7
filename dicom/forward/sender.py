"""Sends what one destination is owed: in order, on its associations, and notes each outcome."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from dicom.dimse import AssociationLost, ContextRefused, Response
from dicom.forward.content import Content, Contents, Unsendable
from dicom.forward.entry import Entry
from dicom.forward.facts import Voice
from dicom.forward.line import Line, TakesNothing, Way
from dicom.forward.notes import STORE_PAUSE, Notes
from dicom.forward.options import DestinationOptions
from dicom.forward.pause import Pause
from dicom.forward.verdict import Fate, judge
from gateway import Clock, DeviceUnavailable, Instant, StoreError
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

_BATCH = 100
_LOOK_AHEAD = 1000
_CONTEXTS = 120
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_SECOND = 1_000_000
_HOLDS = 3
"""How often one object may hold its destination's line before others are tried first."""


class Owed(Protocol):
    """The queue as a sender sees it."""

    async def waiting(self, destination: str, limit: int) -> Sequence[Entry]: ...
    async def reached(self, seq: int) -> None: ...


class Held(Exception):  # noqa: N818 - the round ends early, in order
    """The destination takes nothing more for now; `after` as in TakesNothing."""

    def __init__(self, words: str, after: float = 0.0) -> None:
        super().__init__(words)
        self.after = after


@dataclass(slots=True)
class Batch:
    """What is left to be sent on one line. Once something of it goes out, it is `announced`."""

    lane: int
    left: Sequence[Entry]
    announced: bool = False


@dataclass(slots=True)
class _Holder:
    """An object at whose sight the destination took nothing: how often, and its study.

    `stored` is how many others it had taken by then.
    """

    study: str
    holds: int = 0
    stored: int = 0


@dataclass(slots=True)
class Standing:
    """How a destination stands now. `failing` is since when nothing gets through."""

    sending: int = 0
    failing: Instant | None = None
    error: str = ""
    next_try: Instant | None = None


@dataclass(slots=True)
class Sender:
    """One destination. `changed` is called when it begins to fail, and when it recovers."""

    name: str
    options: DestinationOptions
    peer_name: str
    way: Way
    site: str
    clock: Clock
    ports: RoomPorts
    queue: Owed
    contents: Contents
    changed: Callable[[], None]
    standing: Standing = field(default_factory=Standing)
    _wakes: tuple[asyncio.Event, ...] = field(init=False)
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _studies: set[str] = field(default_factory=set)
    _notes: Notes = field(init=False)
    _stored: int = 0
    _holders: dict[int, _Holder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._notes = Notes(self.ports, f"what {self.name} answered")
        self._wakes = tuple(asyncio.Event() for _ in range(self.options.associations))

    def wake(self) -> None:
        """Something may be owed."""
        for lane in self._wakes:
            lane.set()

    def hurry(self) -> None:
        """Do not wait for the end of a pause."""
        self._hurry.set()
        self.wake()

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            for lane in range(self.options.associations):
                group.create_task(self._lane(lane), name=f"dicom-{self.name}-{lane}")

    async def _lane(self, lane: int) -> None:
        pause = Pause(self.options.longest_pause)
        while True:
            batch = await self._take(self._wakes[lane])
            try:
                await self._round(lane, batch)
                pause.reset()
                self._recovered()
            except Held as held:
                await self._rest(pause, held)
            finally:
                self._studies -= {entry.study for entry in batch}
                self.wake()

    # Who is next.

    async def _take(self, wake: asyncio.Event) -> Sequence[Entry]:
        """The next entries, of studies that no other lane sends. Waits until there are some."""
        while True:
            wake.clear()
            try:
                async with self._turn:
                    batch = await self._next()
                    self._studies |= {entry.study for entry in batch}
            except StoreError as error:
                log.warning("dicom: the queue of %s can't be read: %s", self.name, error)
                await asyncio.sleep(STORE_PAUSE)
                continue
            if batch:
                return batch
            await wake.wait()

    async def _next(self) -> Sequence[Entry]:
        # What a lane sends while the queue is read may stand in it still as not sent.
        busy = set(self._studies)
        await self.queue.reached(self._notes.seq)
        lanes = self.options.associations
        owed = await self.queue.waiting(self.name, _LOOK_AHEAD if lanes > 1 else _BATCH)
        free = [entry for entry in owed if entry.study not in busy]
        aside = {each.study for each in self._holders.values() if self._is_aside(each)}
        free = [entry for entry in free if entry.study not in aside] or free
        if lanes > 1:
            free = [entry for entry in free if entry.study == free[0].study]
        return _within_contexts(free[:_BATCH])

    def _is_aside(self, holder: _Holder) -> bool:
        """Whether another study is to be tried first: is it the destination, or this object?"""
        return holder.holds >= _HOLDS and self._stored <= holder.stored

    # Sending.

    async def _round(self, lane: int, batch: Sequence[Entry]) -> None:
        """One line; Held if it did not go through to its end."""
        held = ""
        try:
            async with self.way.opens(batch) as line:
                self.standing.sending += 1
                try:
                    held = await self._batch(line, Batch(lane, batch))
                finally:
                    self.standing.sending -= 1
        except DeviceUnavailable as error:
            raise Held(held or str(error)) from error
        if held:
            raise Held(held)

    async def _batch(self, line: Line, batch: Batch) -> str:
        """Why it went no further, or ''."""
        while batch.left:
            held = await self._send(line, batch)
            if held:
                return held
            batch.left = batch.left[1:]
        return ""

    async def _announced(self, batch: Batch, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The parts; what is under way is on disk before the first of them leaves."""
        if not batch.announced:
            await self._notes.put([self._voice.began(self.name, batch.lane, batch.left)])
            batch.announced = True
        async for part in parts:
            yield part

    async def _send(self, line: Line, batch: Batch) -> str:
        """Send the next, and note what came of it; why no more can be sent now, or ''."""
        lane, entry = batch.lane, batch.left[0]
        begun = time.monotonic()
        try:
            async with self.contents.of(entry, self.options.deid) as content:
                facts = self._facts(entry, content, begun)
                parts = self._announced(batch, content.parts)
                answer = await line.store(entry, replace(content, parts=parts))
        except Unsendable as error:
            await self._never(entry, lane, str(error), ends=not line.is_open)
            return "" if line.is_open else str(error)
        except StoreError as error:
            return await self._unreadable(entry, lane, str(error))
        except ContextRefused:
            words = (
                f"it does not take SOP class {entry.sop_class} in transfer syntax"
                f" {entry.transfer_syntax}: let it, and retry"
            )
            await self._never(entry, lane, words)
            return ""
        except TakesNothing as error:
            if batch.announced:
                holder = self._holders.setdefault(entry.seq, _Holder(entry.study))
                passed = holder.holds >= _HOLDS and self._stored > holder.stored
                holder.holds, holder.stored = holder.holds + 1, self._stored
                if passed:  # it takes others: what it answers is about this one
                    await self._again(entry, lane, {}, str(error), doubt=True)
                    return str(error)
                await self._notes.put([self._voice.held(self.name, lane, str(error))])
            raise Held(str(error), error.after) from error
        except AssociationLost as error:
            await self._again(entry, lane, {}, str(error), doubt=True)
            return str(error)
        facts |= {"status": answer.status, "seconds": round(time.monotonic() - begun, 3)}
        return await self._judged(entry, lane, answer, facts)

    async def _unreadable(self, entry: Entry, lane: int, words: str) -> str:
        """Damage is for a person; what the disk may give later is tried again."""
        damage = await self.contents.damage(entry)
        if damage:
            await self._never(entry, lane, f"{damage}: see `isogate dicom verify`", ends=True)
        else:
            await self._again(entry, lane, {}, words, doubt=False)
        return words

    async def _never(
        self,
        entry: Entry,
        lane: int,
        words: str,
        facts: Mapping[str, Any] = _NOTHING,
        *,
        doubt: bool = False,
        ends: bool = False,
    ) -> None:
        voice = self._voice
        await self._notes.put([voice.refused(entry, lane, facts, words, doubt=doubt, ends=ends)])
        log.warning("dicom: %s is not sent to %s: %s", entry.uid, self.name, words)

    async def _again(
        self, entry: Entry, lane: int, facts: Mapping[str, Any], words: str, *, doubt: bool
    ) -> None:
        if entry.attempts + 1 >= self.options.attempts:
            await self._never(entry, lane, words, facts, doubt=doubt, ends=True)
        else:
            await self._notes.put([self._voice.failed(entry, lane, facts, words, doubt=doubt)])

    async def _judged(
        self, entry: Entry, lane: int, answer: Response, facts: dict[str, Any]
    ) -> str:
        verdict = judge(answer.status, answer.comment, doubt=entry.doubt)
        self._holders.pop(entry.seq, None)
        if verdict.fate is Fate.STORED:
            self._stored += 1
            await self._notes.put([self._voice.sent(entry, lane, facts, verdict.words)])
            self._recovered()
            return ""
        if verdict.fate is Fate.NEVER:
            await self._never(entry, lane, verdict.words, facts)
            return ""
        await self._again(entry, lane, facts, verdict.words, doubt=False)
        return f"{self.way.name}: {verdict.words}"

    def _facts(self, entry: Entry, content: Content, begun: float) -> dict[str, Any]:
        return {
            "sent_as": content.sop_instance,
            "bytes": content.size,
            "prepared": round(time.monotonic() - begun, 3),
            "again": entry.doubt,
            "commit": self.options.commit,
            **content.facts,
        }

    # What is noted.

    @property
    def _voice(self) -> Voice:
        return Voice(self.site, self.clock.now(), self.peer_name)

    async def _rest(self, pause: Pause, held: Held) -> None:
        """As long as the destination asks for, within `longest_pause`; else longer each time."""
        seconds = min(held.after, self.options.longest_pause) or pause.seconds()
        words, standing = str(held), self.standing
        now = self.clock.now()
        standing.error, standing.next_try = words, Instant(now + int(seconds * _SECOND))
        if standing.failing is None:
            standing.failing = now
            log.warning("dicom: nothing gets through to %s: %s", self.name, words)
            self.changed()
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        standing.next_try = None

    def _recovered(self) -> None:
        if self.standing.failing is not None:
            log.info("dicom: %s takes objects again", self.name)
            self.standing.failing, self.standing.error = None, ""
            self.changed()


def _within_contexts(entries: Sequence[Entry]) -> Sequence[Entry]:
    """As many as one association has presentation contexts for."""
    pairs: set[tuple[str, str]] = set()
    for place, entry in enumerate(entries):
        pairs.add((entry.sop_class, entry.transfer_syntax))
        if len(pairs) > _CONTEXTS:
            return entries[:place]
    return entries
