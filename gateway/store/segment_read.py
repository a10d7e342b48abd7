"""Reading one segment, open or closed."""

from __future__ import annotations

import array
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import apsw

from gateway.model import (
    DeviceEvent,
    Instant,
    Quarantined,
    QuarantineReason,
    RawId,
    WireRecord,
)
from gateway.seal import Keyring
from gateway.sqlite import open_reader
from gateway.store.batch import Resolution
from gateway.store.body import place_of_event, place_of_words
from gateway.store.catalog import SegmentFile
from gateway.store.journal import JournalReader
from gateway.store.names import SeriesTable
from gateway.store.pack import unpack
from gateway.store.query import EventQuery, QuarantineQuery, RecordQuery
from gateway.store.rows import Cells, Head, event
from gateway.store.segment_key import bodies_of, index_of, key_of

_ID = struct.Struct(">qq")
_ROW_OF_SEQ = "SELECT * FROM event WHERE seq <= ? ORDER BY seq DESC LIMIT 1"
_SEQ_BEFORE = "SELECT min(seq + span, ?1 - 1) FROM event WHERE seq < ?1 ORDER BY seq DESC LIMIT 1"
_FROM = "seq >= coalesce((SELECT max(seq) FROM event WHERE seq <= ?), 0) AND seq <= ?"


class SegmentReader:
    """A reader of one segment; used by one thread at a time."""

    def __init__(self, file: SegmentFile, ring: Keyring | None) -> None:
        self.file = file
        self._connection = open_reader(file.path, immutable=file.closed)
        self._series = SeriesTable(self._connection)
        key = key_of(self._connection, file, ring)
        self._bodies, self._index = bodies_of(key), index_of(key)
        self._devices: dict[str, int] = {}
        self._journal = JournalReader(self._connection, self._bodies, closed=file.closed)

    def close(self) -> None:
        self._connection.close()

    def events(self, query: EventQuery) -> Iterator[DeviceEvent]:
        """Events that meet the query, in order of seq."""
        where = [_FROM]
        binds: list[Any] = [query.after + 1, query.upto]
        if query.device is not None:
            where.append("device = ?")
            binds.append(self._device(query.device))
        if query.patient is not None:
            where.append("subject = ?")
            binds.append(self._index.hash(*query.patient))
        if query.kinds or query.code is not None:
            wanted = self._wanted(query)
            if not wanted:
                return
            where.append("(series IS NULL OR series IN carray(?))")
            binds.append(apsw.carray(array.array("q", wanted)))
        sql = f"SELECT * FROM event WHERE {' AND '.join(where)} ORDER BY seq"  # noqa: S608
        for row in self._connection.execute(sql, binds):
            yield from (item for item in self._expand(row) if query.wants(item))

    def event(self, seq: int) -> DeviceEvent | None:
        for row in self._connection.execute(_ROW_OF_SEQ, (seq,)):
            return next((item for item in self._expand(row) if item.seq == seq), None)
        return None

    def seq_before(self, seq: int) -> int:
        """The highest seq of an event below `seq`; 0 if there is none."""
        return int(self._connection.execute(_SEQ_BEFORE, (seq,)).get or 0)

    def record(self, raw_id: RawId) -> WireRecord | None:
        return self._journal.record(raw_id)

    def records(self, query: RecordQuery) -> list[WireRecord]:
        """Records that meet the query, newest first."""
        return self._journal.records(query)

    def quarantine(self, query: QuarantineQuery) -> Iterator[tuple[int, Quarantined]]:
        """Entries in order of id, whatever became of them."""
        where = ["id > ? AND id <= ?"]
        binds: list[Any] = [query.after, query.upto]
        for column, wanted in (("reason", query.reason), ("device", query.device)):
            if wanted is not None:
                where.append(f"{column} = ?")
                binds.append(wanted)
        sql = f"SELECT * FROM quarantine WHERE {' AND '.join(where)} ORDER BY id"  # noqa: S608
        for number, raw, link, device, reason, at, body in self._connection.execute(sql, binds):
            kind = QuarantineReason(reason)
            subject, detail = self._bodies.read(body, place_of_words(b"q", number, at))
            entry = Quarantined(RawId(raw), link, device, kind, subject, detail, Instant(at))
            yield number, entry

    def resolutions(self, ids: Sequence[int]) -> Iterator[Resolution]:
        """What people said of these quarantine entries."""
        keys = apsw.carray(array.array("q", ids))
        sql = "SELECT * FROM resolution WHERE quarantine IN carray(?)"
        for number, at, body in self._connection.execute(sql, (keys,)):
            actor, note = self._bodies.read(body, place_of_words(b"r", number, at))
            yield Resolution(number, Instant(at), actor, note)

    def _expand(self, row: tuple[Any, ...]) -> Iterator[DeviceEvent]:
        seq, span, high, low, device, series, received, observed, raw, *cell, _, body = row
        head = Head(seq, _ID.pack(high, low), received, received + observed, raw)
        if body is not None:
            place = place_of_event(seq, span, high, low, device, received, raw)
            return unpack(self._bodies.read(body, place), head, span + 1, self._series.line)
        return iter((event(head, self._series.line(series), Cells._make(cell)),))

    def _wanted(self, query: EventQuery) -> list[int]:
        return [number for number, line in self._series.all().items() if query.wants_series(line)]

    def _device(self, name: str) -> int:
        """The number of a device here; 0, which no row has, if it never spoke."""
        if name not in self._devices:
            rows = self._connection.execute("SELECT name, id FROM device")
            self._devices = dict(rows)
        return self._devices.get(name, 0)
