"""Feeds the rooms' subscribers, each from its own cursor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from gateway.errors import ConfigError, StoreError
from gateway.model import DeviceEvent, Retention
from gateway.room import Subscriber
from gateway.store import Batch, EventStore

log = logging.getLogger(__name__)

_PAUSE = 5.0


async def feed(subscriber: Subscriber, store: EventStore, pause: float = _PAUSE) -> None:
    """Hand every event after its cursor to `subscriber`, in order, until cancelled.

    While its disk refuses, it is tried again every `pause` seconds from where its tables stand.
    """
    failing = False

    async def emit(events: Sequence[DeviceEvent]) -> None:
        if events:
            await store.append(Batch(Retention.RECORD, events=tuple(events)))

    while True:
        try:
            async for events in store.follow(subscriber.cursor()):
                await subscriber.apply(events, emit)
                if failing:
                    log.info("The tables of %s are written again.", subscriber.name)
                    failing = False
        except StoreError as error:
            if not failing:
                log.warning("The tables of %s fall behind: %s", subscriber.name, error)
                failing = True
            await asyncio.sleep(pause)
        else:
            return


def check_cursor(subscriber: Subscriber, last_seq: int) -> None:
    """Refuse tables that were folded from another store: what they say is not of this one."""
    if subscriber.cursor() > last_seq:
        raise ConfigError(
            f"the tables of {subscriber.name} have read up to event {subscriber.cursor()}, and the"
            f" store ends at {last_seq}: they belong to another one; remove their file, and they"
            " are built anew"
        )
