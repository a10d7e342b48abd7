"""The keeper of the queue: the subscriber, and its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.model import Instant, Kind, to_datetime
from gateway.projection import Projection
from gateway.seal import Keyring
from queue_display.tables import Proposal, Stand, Tables, Taken
from queue_display.ticket import Ticket

_DAY = timedelta(days=1)
_PROPOSAL_LASTS = 3600 * 1_000_000


class QueueBook(Projection[Tables]):
    """Tickets and what was done with them. Every method that is awaited may raise StoreError."""

    zone: ZoneInfo

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, ring: Keyring, zone: ZoneInfo) -> AsyncIterator[QueueBook]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, {Kind.ACTION}) as book:
            book.zone = zone
            yield book

    async def ticket(self, id_: str) -> Ticket | None:
        return await self.ask(lambda tables: tables.ticket(id_))

    async def today(self, now: Instant) -> Sequence[Ticket]:
        """Today's tickets, and yesterday's whose patients are still about after midnight."""
        day = self.local(now).date()
        names = day.isoformat(), (day - _DAY).isoformat()
        return await self.ask(lambda tables: tables.of_day(*names))

    async def day(self, day: date) -> Sequence[Ticket]:
        """The tickets of one day."""
        return await self.ask(lambda tables: tables.of_day(day.isoformat(), ""))

    async def days(self, first: date, end: date) -> dict[str, list[Ticket]]:
        """The tickets of each day from `first` to the one before `end`, by day in order."""
        names = first.isoformat(), end.isoformat()
        return await self.ask(lambda tables: tables.of_days(*names))

    async def steps(self, id_: str) -> Sequence[Taken]:
        return await self.ask(lambda tables: tables.steps(id_))

    async def taken(self, seq: int) -> Taken | None:
        return await self.ask(lambda tables: tables.taken(seq))

    async def stands(self) -> dict[str, Stand]:
        return await self.ask(lambda tables: tables.stands())

    async def proposals(self, now: Instant) -> Sequence[Proposal]:
        """What devices propose and nobody has settled, of the last hour."""
        since = Instant(now - _PROPOSAL_LASTS)
        return await self.ask(lambda tables: tables.proposals(since))

    def local(self, instant: Instant) -> datetime:
        """The time at the site."""
        return to_datetime(instant).astimezone(self.zone)

    def clock(self, instant: Instant) -> str:
        """A time of day at the site."""
        return f"{self.local(instant):%H:%M}"
