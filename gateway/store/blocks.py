"""Wire records as a segment keeps them: those of one commit together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import orjson

from gateway.store.body import Bodies, place_of_block

REACH = 1024
"""A block of an open segment holds ids less than this above its first.

Commits overlap in the ids of their records: a record is looked for in every block that begins this
near to it.
"""

BUCKET_BITS = 8
"""A channel is found by the ranges of 2^8 ids in which its blocks begin.

Noting each of its blocks cost more than writing them: every channel's notes lie in another page.
"""

_BYTES = 128 << 10
_RECORDS = 1024
_SIZE = 4


class RawRow(NamedTuple):
    """A record as a segment keeps it; `channel` is in the segment's dictionary."""

    id: int
    channel: int
    at: int
    data: bytes


def encode_block(rows: Sequence[RawRow], bodies: Bodies) -> bytes:
    """The body of records: a table of their ids, channels, times and sizes, then their bytes."""
    ids, channels, times, data = zip(*rows, strict=True)
    table = orjson.dumps((_steps(ids), channels, _steps(times), [*map(len, data)]))
    content = b"".join((len(table).to_bytes(_SIZE), table, *data))
    return bodies.keep(content, place_of_block(ids[0], ids[-1]))


def decode_block(block: bytes, bodies: Bodies, first: int, last: int) -> list[RawRow]:
    """The records of a body, from the id `first` to `last`; StoreError as `Bodies.open`."""
    content = bodies.open(block, place_of_block(first, last))
    start = _SIZE + int.from_bytes(content[:_SIZE])
    ids, channels, times, sizes = orjson.loads(content[_SIZE:start])
    ends = [*accumulate(sizes, initial=start)]
    data = [content[at:end] for at, end in pairwise(ends)]
    return [*map(RawRow, accumulate(ids), channels, accumulate(times), data)]


def runs(rows: Iterable[RawRow], reach: int | None) -> Iterator[list[RawRow]]:
    """Cut records, in order of id, into what goes into one block."""
    if isinstance(rows, list) and _is_one(rows, reach):
        yield rows
        return
    run: list[RawRow] = []
    size = 0
    for row in rows:
        far = reach is not None and bool(run) and row.id - run[0].id >= reach
        if far or size >= _BYTES or len(run) >= _RECORDS:
            yield run
            run, size = [], 0
        run.append(row)
        size += len(row.data)
    if run:
        yield run


def _is_one(rows: list[RawRow], reach: int | None) -> bool:
    """Whether all of these go into one block, as those of a commit do."""
    if not rows or len(rows) > _RECORDS:
        return False
    near = reach is None or rows[-1].id - rows[0].id < reach
    return near and sum([len(row.data) for row in rows]) <= _BYTES


def rows_of_blocks(
    rows: Iterable[RawRow], bodies: Bodies, reach: int | None
) -> tuple[list[tuple[int, int, bytes]], set[tuple[int, int]]]:
    """Rows for the table of blocks and for that of their channels, of records in order of id."""
    blocks: list[tuple[int, int, bytes]] = []
    channels: set[tuple[int, int]] = set()
    for run in runs(rows, reach):
        first = run[0].id
        bucket = first >> BUCKET_BITS
        blocks.append((first, run[-1].id, encode_block(run, bodies)))
        channels.update([(row.channel, bucket) for row in run])
    return blocks, channels


def _steps(numbers: Sequence[int]) -> list[int]:
    """The first number, then each one's difference to the one before."""
    return [numbers[0], *map(int.__sub__, numbers[1:], numbers)]
