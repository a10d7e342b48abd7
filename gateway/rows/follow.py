"""Follows a source of rows: reads on from where it stood, commits, and only then goes further."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing
from typing import Protocol

from gateway.driver import DeviceEntry, Ports
from gateway.errors import DeviceUnavailable
from gateway.model import Instant, Quarantined, QuarantineReason, WireRecord, sentence
from gateway.rows.entry import Entry
from gateway.rows.hospital import lies_ahead
from gateway.rows.ledger import MOST_KNOWN, Ledger, Said, furthest
from gateway.rows.meaning import readings, statements, understood
from gateway.rows.page import Page, decode, encode, publications
from gateway.rows.profile import RowDevice, RowProfile
from gateway.rows.row import Fetched, Position, Refused, Row
from gateway.rows.times import wall_of

_FIRST_RECALL = 256
_LAST_RECALL = 65_536
_MOST_OUTDATED = 1_000


class RowSource(Protocol):
    """Reads rows that others write; never writes."""

    async def now(self) -> Instant | None:
        """What the source's own clock says; None if it can't be asked."""
        ...

    def pages(
        self, device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        """Rows after `start` up to the last, in order of time and key, in bounded pages.

        The next page is read when it is asked for. DeviceUnavailable: this device can't be read
        now, the others may be. ConnectionError: the whole source is lost.
        """
        ...


async def follow(ports: Ports, devices: Sequence[DeviceEntry], source: RowSource) -> None:
    """Read the rows of a link's devices for ever, each once; a cursor commits with its events.

    A device that can't be read waits for its next turn. StoreError and ConnectionError end it:
    what was not committed is read again.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            for device in devices:
                tasks.create_task(_follow(ports, device, source), name=f"follow-{device.id}")
            tasks.create_task(asyncio.Event().wait(), name="follow-until-cancelled")
    except ExceptionGroup as group:
        raise group.exceptions[0] from group


async def _follow(ports: Ports, device: DeviceEntry, source: RowSource) -> None:
    follower = _Follower(ports, device, source)
    await follower.recall()
    polls = 0
    async for _ in ports.every(device.interval):
        try:
            await follower.poll(deep=polls % follower.options.deep_every == 0)
        except DeviceUnavailable as error:
            await ports.availability(device.id, online=False, reason=str(error))
        else:
            polls += 1
            ports.connected()
            await ports.availability(device.id, online=True)


class _Follower:
    def __init__(self, ports: Ports, device: DeviceEntry, source: RowSource) -> None:
        profile, options = device.profile, device.options
        if not isinstance(profile, RowProfile) or not isinstance(options, RowDevice):
            raise TypeError(f"{device.id}: not a device that is read by rows")
        self.options = options
        self._ports, self._device, self._source = ports, device, source
        self._profile = profile
        self._ledger = Ledger(options.overlap, options.lookback, withdraws=profile.withdraws)
        self._outdated: dict[str, Row] = {}

    async def recall(self) -> None:
        """Know again what the journal holds: the cursor, and the rows that a poll may read."""
        pages = await self._journalled()
        for page in pages:
            self._ledger.advance(page.high)
        for page in pages:
            for entry in page.entries:
                self._ledger.remember(entry, self._said(entry.row))
        if self._ledger.high is None and self.options.since is not None:
            self._ledger.begin(self.options.since)

    async def poll(self, *, deep: bool) -> None:
        """Read everything that is new; each page is committed before the next is asked for.

        A deep poll that came to its end knows which rows are no longer there, unless one came that
        says not even which it is.
        """
        instant = await self._source.now()
        instant = self._ports.clock.now() if instant is None else instant
        now = wall_of(instant, self._profile.time_form, self._device.zone)
        self._ledger.prune(now)
        start = self._ledger.floor(now, deep=deep)
        keys: dict[str, Row] = {}
        seen: set[str | None] = set()
        async with aclosing(self._source.pages(self._device, start)) as pages:
            async for rows in pages:
                seen.update(self._keys(rows))
                await self._take(self._told_apart(rows, keys))
                self._ledger.prune(now)
        if deep and self._profile.withdraws and None not in seen:
            await self._withdraw(start, seen, instant)

    def _told_apart(self, rows: Sequence[Fetched], keys: dict[str, Row]) -> Sequence[Fetched]:
        """The rows of a page, those refused whose key stands for another row of this poll.

        `keys` are the rows of its earlier pages. The same row again is none of this: pages that
        begin where the last one ended overlap. Nor is a row that was changed, at a later time,
        while the poll went on; unless what it was changed from is there again with the next poll.
        """
        page: dict[str, Row] = {}
        told: list[Fetched] = []
        for row in (understood(self._device, each) for each in rows):
            if isinstance(row, Row):
                key = str(row.key)
                told.append(self._single(row, page.get(key), keys.get(key)))
                if told[-1] is row:
                    page[key] = row
            else:
                told.append(row)
        if len(keys) + len(page) > MOST_KNOWN:
            keys.clear()
        keys.update(page)
        return told

    def _single(self, row: Row, beside: Row | None, before: Row | None) -> Fetched:
        key = str(row.key)
        newer = before is None or before == row or row.at > before.at
        twice = beside is not None and beside != row
        if twice or not newer or self._outdated.get(key) == row:
            why = sentence("key {key} came twice in one poll: it identifies no row", key=key)
            return Refused(row.values, why)
        if before is not None and before != row:
            self._outdated[key] = before
            if len(self._outdated) > _MOST_OUTDATED:
                del self._outdated[next(iter(self._outdated))]
        return row

    async def _withdraw(self, start: Position, seen: Collection[str | None], now: Instant) -> None:
        """Take back appointments whose rows are gone before their time has come."""
        device = self._device

        def counts(row: Row) -> bool:
            return any(lies_ahead(each, now, device.zone) for each in readings(device, row))

        gone = self._ledger.vanished(start.at, seen, counts)
        if gone:
            await self._commit(gone, self._ledger.high)
        for entry in gone:
            self._ledger.remember(entry, {})

    def _keys(self, rows: Sequence[Fetched]) -> Iterator[str | None]:
        """Whatever identifies these rows, those that can't be read as well: they are there."""
        for row in rows:
            if isinstance(row, Row):
                yield str(row.key)
            else:
                yield row.values.get(self._profile.columns.key) or None

    async def _take(self, rows: Sequence[Fetched]) -> None:
        said = [self._said(row) for row in rows]
        sifted = [self._ledger.sift(row, each) for row, each in zip(rows, said, strict=True)]
        new = [(entry, each) for entry, each in zip(sifted, said, strict=True) if entry]
        high = self._high(rows)
        if new:
            await self._commit([entry for entry, _ in new], high)
        for entry, each in new:
            self._ledger.remember(entry, each)
        self._ledger.advance(high)

    async def _commit(self, entries: Sequence[Entry], high: Position | None) -> None:
        """Rows, cursor and events in one transaction. A refused row is a record of its own."""
        refused = [self._refused(entry) for entry in entries if isinstance(entry.row, Refused)]
        page = Page(tuple(entry for entry in entries if isinstance(entry.row, Row)), high)
        record = self._record(page)
        await self._ports.publish_all(
            tuple(publications(self._device, page, record.raw_id)),
            tuple(quarantined for quarantined, _ in refused),
            *(kept for _, kept in refused),
            record,
        )

    def _refused(self, entry: Entry) -> tuple[Quarantined, WireRecord]:
        record = self._record(Page((entry,), None))
        detail = entry.row.detail if isinstance(entry.row, Refused) else ""
        reason = QuarantineReason.UNREADABLE
        return self._ports.quarantined(record, reason, self._device.id, detail), record

    def _record(self, page: Page) -> WireRecord:
        return self._ports.record(encode(page), device=self._device.id, session=self._device.id)

    def _high(self, rows: Sequence[Fetched]) -> Position | None:
        high = self._ledger.high
        for row in rows:
            if isinstance(row, Row):
                high = furthest(high, Position(row.at, row.key))
        return high

    def _said(self, row: Fetched) -> Said:
        if isinstance(row, Refused):
            return {}
        return statements(self._device, readings(self._device, row))

    async def _journalled(self) -> list[Page]:
        """Pages as far back as a poll may read, oldest first."""
        limit = _FIRST_RECALL
        while True:
            records = await self._ports.recent(self._device.id, limit)
            pages = [decode(record.data) for record in records]
            if len(records) < limit or limit >= _LAST_RECALL or self._covers(pages):
                return pages[::-1]
            limit *= 4

    def _covers(self, pages: Sequence[Page]) -> bool:
        """Whether the oldest page ends before every row that is read again."""
        places = [page.high for page in pages if page.high is not None]
        if not places:
            return False
        first, last = places[-1], places[0]
        return (last.at - first.at).total_seconds() > max(
            self.options.overlap, self.options.lookback
        )
