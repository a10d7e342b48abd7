"""What is done to the store from time to time."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from gateway.config import RetentionOptions
from gateway.errors import StoreError
from gateway.model import Clock, Instant, from_datetime, to_datetime
from gateway.store import EventStore
from gateway.store.outbox import Outbox

log = logging.getLogger(__name__)

_EVERY = 3600.0


async def keep_up(store: EventStore, outbox: Outbox, clock: Clock, keep: RetentionOptions) -> None:
    """Close past months and drop what is older than is kept (None: never), until cancelled."""
    while True:
        try:
            for path in await store.close_segments():
                log.info("Segment %s is closed and compressed.", path.name)
            if keep.telemetry is not None:
                for path in await store.drop_telemetry(months_before(clock.now(), keep.telemetry)):
                    log.info("Segment %s is older than is kept and was dropped.", path)
            if keep.deliveries is not None:
                await outbox.forget(months_before(clock.now(), keep.deliveries))
        except StoreError as error:
            log.warning("The store's upkeep failed and is tried again in an hour: %s", error)
        await asyncio.sleep(_EVERY)


def months_before(now: Instant, months: int) -> Instant:
    """The first instant (UTC) of the month that lies `months` before that of `now`."""
    moment = to_datetime(now)
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return from_datetime(datetime(year, month + 1, 1, tzinfo=moment.tzinfo))
