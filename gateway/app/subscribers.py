"""Feeds the rooms' subscribers, each from its own cursor."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model import DeviceEvent, Retention
from gateway.room import Subscriber
from gateway.store import Batch, EventStore


async def feed(subscriber: Subscriber, store: EventStore) -> None:
    """Hand every event after its cursor to `subscriber`, in order, until cancelled."""

    async def emit(events: Sequence[DeviceEvent]) -> None:
        if events:
            await store.append(Batch(Retention.RECORD, events=tuple(events)))

    async for events in store.follow(subscriber.cursor()):
        await subscriber.apply(events, emit)
