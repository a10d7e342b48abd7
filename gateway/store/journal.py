"""Reading the wire records of one segment."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import cast

import apsw

from gateway.model import Direction, Instant, RawId, WireRecord
from gateway.store.blocks import BUCKET_BITS, REACH, RawRow, decode_block
from gateway.store.body import Bodies
from gateway.store.names import ChannelKey
from gateway.store.query import RecordQuery

_NEAR = (
    "SELECT data, first, last FROM block WHERE first > ? AND first <= ? AND last >= ?"
    " ORDER BY first DESC"
)
_BETWEEN = "SELECT first FROM block WHERE first >= ? AND first < ? ORDER BY first DESC"
_MINE = "SELECT bucket FROM block_channel WHERE channel = ? AND bucket <= ? ORDER BY bucket DESC"
_ONE = "SELECT data, first, last FROM block WHERE first = ? AND last > ?"
_LAST = (1 << 63) - 1


class JournalReader:
    """The records of a segment; used by one thread at a time.

    Blocks of an open segment overlap within `REACH`; those of a closed one are in order.
    """

    def __init__(self, connection: apsw.Connection, bodies: Bodies, *, closed: bool) -> None:
        self._connection, self._bodies = connection, bodies
        self._reach = 0 if closed else REACH
        self._channels: dict[int, ChannelKey] = {}

    def record(self, raw_id: RawId) -> WireRecord | None:
        lowest = raw_id - self._reach if self._reach else -1
        for block, first, last in self._connection.execute(_NEAR, (lowest, raw_id, raw_id)):
            for row in decode_block(block, self._bodies, first, last):
                if row.id == raw_id:
                    return self._record(row)
            if not self._reach:
                return None
        return None

    def records(self, query: RecordQuery) -> list[WireRecord]:
        """Records that meet the query, newest first."""
        channels = self._matching(query)
        if channels is not None and not channels:
            return []
        before = _LAST if query.before is None else query.before
        found: list[RawRow] = []
        for first in self._blocks(channels, before):
            floor = _nth(found, query.limit)
            if first + self._reach <= floor:
                break
            found += [
                row
                for row in self._rows(first, floor)
                if row.id < before and (channels is None or row.channel in channels)
            ]
        newest = heapq.nlargest(query.limit, found, key=itemgetter(0))
        return [self._record(row) for row in newest]

    def _blocks(self, channels: Mapping[int, ChannelKey] | None, before: int) -> Iterator[int]:
        """The first ids of the blocks that may hold such records, newest first."""
        if channels is None:
            yield from self._firsts(0, before)
            return
        lanes = (self._lane(channel, before) for channel in channels)
        for bucket, _ in groupby(heapq.merge(*lanes, reverse=True)):
            start = bucket << BUCKET_BITS
            yield from self._firsts(start, min(before, start + (1 << BUCKET_BITS)))

    def _lane(self, channel: int, before: int) -> Iterator[int]:
        binds = (channel, before - 1 >> BUCKET_BITS)
        return (bucket for (bucket,) in self._connection.execute(_MINE, binds))

    def _firsts(self, start: int, end: int) -> Iterator[int]:
        return (first for (first,) in self._connection.execute(_BETWEEN, (start, end)))

    def _rows(self, first: int, floor: int) -> Iterable[RawRow]:
        """The records of a block, if any is above `floor`."""
        for block, begin, end in self._connection.execute(_ONE, (first, floor)):
            return decode_block(block, self._bodies, begin, end)
        return ()

    def _matching(self, query: RecordQuery) -> Mapping[int, ChannelKey] | None:
        """The channels that meet the query; None if every channel does."""
        wanted = (query.link, query.device, query.direction, query.session)
        if not any(part is not None for part in wanted):
            return None
        self._load_channels()
        return {
            number: names
            for number, names in self._channels.items()
            if all(part in (None, name) for part, name in zip(wanted, names, strict=True))
        }

    def _load_channels(self) -> None:
        sql = "SELECT * FROM channel WHERE id > ?"
        for number, *names in self._connection.execute(sql, (len(self._channels),)):
            self._channels[number] = cast("ChannelKey", tuple(names))

    def _record(self, row: RawRow) -> WireRecord:
        if row.channel not in self._channels:
            self._load_channels()
        link, device, direction, session = self._channels[row.channel]
        return WireRecord(
            RawId(row.id), link, device, Direction(direction), session, Instant(row.at), row.data
        )


def _nth(found: list[RawRow], number: int) -> int:
    """The id of the last record of a page; 0 if there are fewer."""
    if len(found) < number:
        return 0
    return heapq.nlargest(number, [row.id for row in found])[-1]
