"""The records of one session, as drivers are given them to read a message again."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model import Direction, WireRecord
from gateway.store import EventStore

_MOST = 2_000


async def session_of(store: EventStore, record: WireRecord) -> Sequence[WireRecord]:
    """What came in in the session of a record, oldest first, that record among it.

    Of a session longer than is read at once, only what came up to that record.
    """
    link, name, raw_id = record.link, record.session, record.raw_id
    found = await store.records(link=link, session=name, limit=_MOST)
    if found and found[-1].raw_id > raw_id:
        found = await store.records(link=link, session=name, before=raw_id + 1, limit=_MOST)
    return [each for each in reversed(found) if each.direction is Direction.IN]
