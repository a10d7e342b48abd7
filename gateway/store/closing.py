"""Closing a segment: rewritten small and read-only from then on; or again, under a new key."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import apsw
import orjson

from gateway.errors import StoreError
from gateway.seal import Keyring
from gateway.sqlite import drafted, open_draft, open_reader, read_only_uri, transaction
from gateway.store import schema
from gateway.store.blocks import RawRow, decode_block, rows_of_blocks, runs
from gateway.store.body import Bodies, place_of_event, place_of_words
from gateway.store.catalog import SegmentFile
from gateway.store.pack import subject_in
from gateway.store.segment_key import SegmentKey, begin, bodies_of, index_of, key_of
from gateway.store.subject import Index, hash_of

_LEVEL = 9
_NAMES = ("device", "series", "channel")
_FACTS = ("event", "quarantine", "resolution")


def rewrite_segment(file: SegmentFile, ring: Keyring | None) -> SegmentFile:
    """Write the closed form of a segment that nobody writes any more, and return it.

    What is sealed in it is then under the ring's active key. A crash leaves either form whole: the
    new one appears by a rename after everything in it is on disk, and the old one is the caller's
    to remove afterwards.
    """
    new = file.rewritten()
    with drafted(new.path) as draft, closing(open_draft(draft)) as target:
        with closing(open_reader(file.path)) as old:
            was = key_of(old, file, ring)
        target.execute("ATTACH ? AS old", (read_only_uri(file.path),))
        with transaction(target):
            _Rewriting(target, file, was, ring).run()
        target.execute("DETACH old")
    return new


class _Rewriting:
    """From `old` to `main` on one connection."""

    def __init__(
        self,
        target: apsw.Connection,
        file: SegmentFile,
        was: SegmentKey | None,
        ring: Keyring | None,
    ) -> None:
        self._target, self._file, self._was = target, file, was
        self._ring = ring if was is not None else None
        self._is = None if self._ring is None else SegmentKey(self._ring, self._ring.active)

    def run(self) -> None:
        self._target.execute(schema.TABLES)
        begin(self._target, self._ring)
        same = self._is is None or self._was is None or self._is.key is self._was.key
        for table in (*_NAMES, *(_FACTS if same else ())):
            self._target.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")  # noqa: S608
        if not same:
            self._reseal(bodies_of(self._was), bodies_of(self._is), index_of(self._is))
        self._target.execute(schema.INDEXES)
        self._compress(bodies_of(self._was), bodies_of(self._is, _LEVEL))
        self._target.execute(f"PRAGMA user_version = {schema.FORMAT}")

    def _reseal(self, old: Bodies, new: Bodies, index: Index) -> None:
        """Copy the facts, each body under the new key and each patient under its hash."""
        self._copy(schema.INSERT_EVENT, "event", lambda row: _event(row, old, new, index))
        for table, insert in (
            ("quarantine", schema.INSERT_QUARANTINE),
            ("resolution", schema.INSERT_RESOLUTION),
        ):
            mark = table[:1].encode()
            self._copy(insert, table, lambda row, mark=mark: _words(row, mark, old, new))

    def _copy(self, insert: str, table: str, moved: Any) -> None:
        rows = self._target.execute(f"SELECT * FROM old.{table}")  # noqa: S608
        self._target.executemany(insert, (moved(row) for row in rows))

    def _compress(self, old: Bodies, new: Bodies) -> None:
        """Put the wire records into larger blocks in order, each read back before it counts."""
        for run in runs(self._in_order(old), None):
            blocks, channels = rows_of_blocks(run, new, None)
            if [*_read_back(blocks, new)] != run:
                raise StoreError(
                    f"{self._file.path.name}: a block of wire records doesn't read back"
                )
            self._target.executemany(schema.INSERT_BLOCK, blocks)
            self._target.executemany(schema.INSERT_BLOCK_CHANNEL, channels)

    def _in_order(self, bodies: Bodies) -> Iterator[RawRow]:
        """The records by id. No block reaches further than to the ids that are let go."""
        waiting: list[RawRow] = []
        found = self._target.execute("SELECT first, last, data FROM old.block ORDER BY first")
        for first, last, block in found:
            while waiting and waiting[0].id < first:
                yield heapq.heappop(waiting)
            for row in decode_block(block, bodies, first, last):
                heapq.heappush(waiting, row)
        yield from sorted(waiting)


def _read_back(blocks: Iterable[tuple[int, int, bytes]], bodies: Bodies) -> Iterator[RawRow]:
    for first, last, block in blocks:
        yield from decode_block(block, bodies, first, last)


def _event(row: tuple[Any, ...], old: Bodies, new: Bodies, index: Index) -> tuple[Any, ...]:
    seq, span, high, low, device, series, received, observed, raw, *cell, subject, body = row
    if body is None:
        return row
    place = place_of_event(seq, span, high, low, device, received, raw)
    data = old.open(body, place)
    if subject is not None:
        subject = hash_of(subject_in(orjson.loads(data)), index)
    body = new.keep(data, place)
    return (seq, span, high, low, device, series, received, observed, raw, *cell, subject, body)


def _words(row: tuple[Any, ...], mark: bytes, old: Bodies, new: Bodies) -> tuple[Any, ...]:
    *head, at, body = row
    place = place_of_words(mark, head[0], at)
    return (*head, at, new.keep(old.open(body, place), place))
