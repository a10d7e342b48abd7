"""The work items as they can be asked for, and what is owed to their subscribers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import tzinfo
from pathlib import Path

from dicom.content import Content
from dicom.reports import Report, Reporter
from dicom.services.workitems import WorkItem
from dicom.ups.channels import Channels
from dicom.ups.events import Telling, tellings_of
from dicom.ups.tables import Tables
from dicom.ups.terms import EVENT, PUSH
from gateway import Clock, DeviceEvent, Kind
from gateway.projection import Projection
from gateway.room import Emit, Keyring

log = logging.getLogger(__name__)

_PAGE = 200
_TOO_OLD = 24 * 3600 * 1_000_000
"""Older news are not told when the tables are built anew: the outbox may have forgotten them."""


class Items(Projection[Tables]):
    """Work items and subscriptions. Reports are owed, durably, before the tables commit."""

    reporter: Reporter
    clock: Clock
    channels: Channels
    most: int
    """News that wait for one subscriber before it is told no more."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, ring: Keyring, reporter: Reporter, clock: Clock, most: int
    ) -> AsyncIterator[Items]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, {Kind.ACTION}) as items:
            items.reporter, items.clock, items.most = reporter, clock, most
            items.channels = Channels()
            yield items

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Fold; what follows goes to the outbox, nothing into the event store."""
        del emit
        await super().apply(events, self._owe)

    async def pages(self, keys: Content, zone: tzinfo) -> AsyncIterator[Sequence[WorkItem]]:
        """Items that match, a page at a time."""
        after = ""
        while True:
            start = after
            found, after = await self.ask(lambda tables: tables.page(start, keys, zone, _PAGE))  # noqa: B023 - answered before the next turn
            yield found
            if not after:
                return

    async def _owe(self, events: Sequence[DeviceEvent]) -> None:
        now = self.clock.now()
        owed: list[tuple[str, str, Report]] = []
        fresh = [event for event in events if now - event.received_at <= _TOO_OLD]
        if len(fresh) < len(events):
            log.warning(
                "News of %d events are older than a day: not told.", len(events) - len(fresh)
            )
        for event in fresh:
            for place, telling in enumerate(tellings_of(event)):
                owed += _reports(self.reporter, f"ups:{event.id.hex()}:{place}", telling)
        await self.reporter.tell(owed, self.most)
        for event in fresh:
            self.channels.tell(tellings_of(event))


def _reports(reporter: Reporter, key: str, telling: Telling) -> list[tuple[str, str, Report]]:
    owed = []
    for receiver in telling.receivers:
        if receiver.by_channel:
            continue
        name = reporter.line_of(receiver.title)
        if name is None:
            log.warning("%s has subscribed and is no peer any more.", receiver.title)
            continue
        report = Report(
            receiver.called,
            (EVENT,),
            PUSH,
            telling.uid,
            telling.news.event_type,
            telling.news.content,
        )
        owed.append((name, key, report))
    return owed
