"""From a message to its commit to its acknowledgement; several at a time, in order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.mqtt.codec import Publish, to_frame
from drivers.mqtt.hearing import Listeners, Refusal, has_believed_time, hear, publication
from drivers.mqtt.interpret import Said
from drivers.mqtt.memory import Memory
from drivers.mqtt.session import Session
from gateway import (
    Direction,
    Ports,
    RawId,
    WireRecord,
    sentence,
)

_GRACE = 3.0


@dataclass(frozen=True, slots=True)
class Names:
    """Journal session names of a client: what `Memory` needs apart is kept apart."""

    client_id: str

    @property
    def retained(self) -> str:
        return f"{self.client_id}/retained"

    def of(self, message: Publish) -> str:
        """Messages with a packet identifier alone fill the window that recognizes redelivery."""
        if message.retain:
            return self.retained
        return self.client_id if message.qos else f"{self.client_id}/qos0"


@dataclass(frozen=True, slots=True)
class _Commit:
    message: Publish
    record: WireRecord
    task: asyncio.Task[tuple[Said, ...]]


class Pipeline:
    """Commits at most `limit` messages at a time.

    The ports commit in the order of the calls, and the calls are made in the order of arrival,
    so the order within a topic is kept. `take` and `settle` run in two tasks of one group.
    """

    def __init__(
        self,
        *,
        ports: Ports,
        session: Session,
        listeners: Listeners,
        memory: Memory,
        names: Names,
        limit: int,
    ) -> None:
        self._ports = ports
        self._session = session
        self._listeners = listeners
        self._memory = memory
        self._names = names
        self._limit = limit
        self._commits: deque[_Commit] = deque()
        self._moved = asyncio.Event()
        self._room = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._away: set[str] = set()

    async def take(self, message: Publish, tasks: asyncio.TaskGroup) -> None:
        """Begin the commit of a message, as soon as there is room for it."""
        while len(self._commits) >= self._limit:
            self._room.clear()
            await self._room.wait()
        frame = to_frame(message)
        self._ports.tap(Direction.IN, frame[1:])
        heard = hear(self._listeners, message)
        timed = has_believed_time(heard, self._ports.clock.now())
        first = self._memory.repeated(message, timed=timed)
        record = first or self._record(message, frame)
        if first is None:
            self._memory.remember(message, record)
        commit = self._commit(message, heard, record, *(() if first else (record,)))
        task = tasks.create_task(commit, name="mqtt commit")
        self._commits.append(_Commit(message, record, task))
        self._idle.clear()
        self._moved.set()

    async def settle(self) -> None:
        """Acknowledge, in order of arrival and together, what is committed; until cancelled."""
        try:
            while True:
                while not self._commits:
                    self._idle.set()
                    self._moved.clear()
                    await self._moved.wait()
                await asyncio.wait((self._commits[0].task,))
                if not await self._acknowledge_done():
                    return
        finally:
            self._idle.set()

    async def finish(self) -> None:
        """Wait until everything taken is acknowledged, a commit has failed, or 3 s are over."""
        try:
            async with asyncio.timeout(_GRACE):
                await self._idle.wait()
        except TimeoutError:
            return

    async def _acknowledge_done(self) -> bool:
        """Acknowledge the commits done at the head of the line; False if one has failed."""
        packet_ids: list[int] = []
        good = True
        while good and self._commits and self._commits[0].task.done():
            commit = self._commits.popleft()
            good = not commit.task.cancelled() and commit.task.exception() is None
            if good:
                await self._tell(commit.message, commit.record.raw_id, commit.task.result())
                if commit.message.qos:
                    packet_ids.append(commit.message.packet_id)
        self._session.acknowledge(packet_ids)
        self._room.set()
        return good

    async def _tell(self, message: Publish, raw_id: RawId, heard: Sequence[Said]) -> None:
        """Pass on who came and went. A retained value is no sign of life of one who left."""
        for said in heard:
            if said.online is True:
                self._away.discard(said.device)
            elif said.online is False:
                self._away.add(said.device)
            elif not (message.retain and said.device in self._away):
                continue
            online = said.device not in self._away
            reason = "" if online else sentence("it says so on {topic}", topic=message.topic)
            await self._ports.availability(said.device, online=online, reason=reason, raw_id=raw_id)

    async def _commit(
        self,
        message: Publish,
        heard: tuple[Said, ...] | Refusal,
        record: WireRecord,
        *wire: WireRecord,
    ) -> tuple[Said, ...]:
        """Put a message on disk. Without `wire` it repeats `record`, which is there already."""
        if isinstance(heard, Refusal):
            if wire:
                entry = self._ports.quarantined(record, heard.reason, message.topic, heard.detail)
                await self._ports.quarantine(entry, *wire)
            return ()
        if wire or not message.retain:
            for said in heard:
                if said.readings:
                    await self._ports.publish(publication(said, message, record.raw_id), *wire)
                    wire = ()
        if wire:
            await self._ports.journal(*wire)
        return heard

    def _record(self, message: Publish, frame: bytes) -> WireRecord:
        listeners = self._listeners.get(message.topic, ())
        device = listeners[0].device if listeners else ""
        return self._ports.record(frame, device=device, session=self._names.of(message))
