"""The live stream: each event is encoded once, and every client is given the same bytes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

from gateway.alarms import ALARM_SYSTEM
from gateway.api.alarms import alarm_change
from gateway.api.cloudevent import cloudevent
from gateway.api.item import device_item, latest_item
from gateway.api.listener import Frame, Interest, Topic
from gateway.errors import StoreError
from gateway.model import DeviceEvent, Kind
from gateway.registry import DeviceStatus
from gateway.room import Permission, notice_of
from gateway.room.sight import permission_for
from gateway.web import GatewayView, encode
from gateway.web.listener import Audience
from gateway.web.sse import HEARTBEAT, frame

_PAGE = 500
_READERS = 8
_TICK = 0.25
_HEARTBEAT_TICKS = 60


class Broadcast:
    """Follows the store and the readings for all clients together.

    Last values are sent at most four times a second, only the newest of each point.
    """

    def __init__(self, view: GatewayView) -> None:
        self._view = view
        self._position = view.store.last_seq
        self._groups: defaultdict[Interest, Audience] = defaultdict(Audience)
        self._moved: dict[tuple[str, str], DeviceEvent] = {}
        self._readers = asyncio.Semaphore(_READERS)
        self.cut = 0
        self.ended = False

    @property
    def clients(self) -> int:
        return sum(map(len, self._groups.values()))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve clients until the block is left; then their streams end."""
        stop_readings = self._view.watch(self._note)
        stop_states = self._view.registry.watch(self._state)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._follow(), name="stream-events"),
                group.create_task(self._tick(), name="stream-latest"),
            ]
            try:
                yield
            finally:
                stop_readings()
                stop_states()
                self.end_streams()
                for task in tasks:
                    task.cancel()

    def end_streams(self) -> None:
        """End every stream, so that a server that waits for its connections can stop."""
        self.ended = True
        for audience in self._groups.values():
            audience.end()

    async def stream(self, interest: Interest, after: int | None) -> AsyncGenerator[bytes, None]:
        """What interests a client: the past after seq `after`, then all that happens.

        No event is left out and none comes twice, however long the catching up takes.
        """
        if after is not None and Topic.EVENT in interest.topics:
            async for chunk in self._past(interest, after):
                yield chunk
        audience = self._groups[interest]
        try:
            with audience.listening() as listener:
                snapshot = self._snapshot(interest)
                if snapshot:
                    yield snapshot
                async for chunk in listener.chunks():
                    yield chunk
        finally:
            if not audience and self._groups.get(interest) is audience:
                del self._groups[interest]

    async def _past(self, interest: Interest, after: int) -> AsyncIterator[bytes]:
        """Pages up to the position of the live stream, at the moment of returning."""
        while after < self._position:
            goal = self._position
            async with self._readers:
                page = await self._view.store.events(after=after, limit=_PAGE)
            events = [event for event in page if event.seq <= goal]
            after = events[-1].seq if events and len(page) == _PAGE else goal
            chunk = interest.select(Topic.EVENT, self._event_frames(events))
            if chunk:
                yield chunk

    def _snapshot(self, interest: Interest) -> bytes:
        """Last values and states as they are, so that a page that comes back is right at once."""
        devices = self._view.registry
        frames = [_device_frame(status) for status in devices]
        states = interest.select(Topic.DEVICE, frames)
        wanted = Topic.LATEST in interest.topics
        values = self._latest_frames(self._view.store.latest()) if wanted else []
        return states + interest.select(Topic.LATEST, values)

    async def _follow(self) -> None:
        """Until the store closes; a store that can't be read is tried again."""
        closed = False
        while not closed:
            try:
                async for events in self._view.store.follow(self._position):
                    self._stored(events)
            except StoreError:
                await asyncio.sleep(1)
            else:
                closed = True

    def _stored(self, events: Sequence[DeviceEvent]) -> None:
        self._position = events[-1].seq
        self._note(events)
        if self._wanted(Topic.EVENT):
            self._send(Topic.EVENT, self._event_frames(events))
        if self._wanted(Topic.ALARM):
            self._send(Topic.ALARM, self._alarm_frames(events))

    def _note(self, events: Sequence[DeviceEvent]) -> None:
        if self._wanted(Topic.LATEST):
            for event in events:
                self._moved[event.source.device, event.code.code] = event

    def _state(self, status: DeviceStatus) -> None:
        self._send(Topic.DEVICE, [_device_frame(status)])
        self._note(self._view.store.latest(status.entry.id))

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(_TICK)
            ticks += 1
            moved, self._moved = self._moved, {}
            if moved:
                self._send(Topic.LATEST, self._latest_frames(list(moved.values())))
            if ticks % _HEARTBEAT_TICKS == 0:
                self._give(list(self._groups), HEARTBEAT)

    def _latest_frames(self, events: Sequence[DeviceEvent]) -> list[Frame]:
        registry = self._view.registry
        return [
            self._frame(
                event,
                frame(Topic.LATEST, encode(latest_item(event, registry.get(event.source.device)))),
            )
            for event in events
        ]

    def _event_frames(self, events: Sequence[DeviceEvent]) -> list[Frame]:
        return [
            self._frame(event, frame(Topic.EVENT, encode(cloudevent(event)), event.seq))
            for event in events
        ]

    def _alarm_frames(self, events: Sequence[DeviceEvent]) -> list[Frame]:
        return [
            self._frame(event, frame(Topic.ALARM, encode(alarm_change(event))))
            for event in events
            if _is_alarm(event)
        ]

    def _frame(self, event: DeviceEvent, data: bytes) -> Frame:
        device = event.source.device
        status = self._view.registry.get(device)
        department = status.entry.department if status is not None else ""
        return Frame(device, department, permission_for(event), data)

    def _wanted(self, topic: Topic) -> bool:
        return any(topic in interest.topics for interest in self._groups)

    def _send(self, topic: Topic, frames: Sequence[Frame]) -> None:
        for interest in list(self._groups):
            chunk = interest.select(topic, frames)
            if chunk:
                self._give([interest], chunk)

    def _give(self, interests: Sequence[Interest], chunk: bytes) -> None:
        for interest in interests:
            self.cut += self._groups[interest].give(chunk)


def _is_alarm(event: DeviceEvent) -> bool:
    return event.kind is Kind.ALARM and (
        event.code.system == ALARM_SYSTEM or notice_of(event) is not None
    )


def _device_frame(status: DeviceStatus) -> Frame:
    entry = status.entry
    data = frame(Topic.DEVICE, encode(device_item(status)))
    return Frame(entry.id, entry.department, Permission.READ_SITE, data)
