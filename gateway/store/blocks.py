"""Wire records of a closed segment: many in one compressed block. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import zstandard

from gateway.errors import StoreError
from gateway.store.varint import get_signed, get_uint, put_signed, put_uint

_HEADER = struct.Struct("<2sBBB")
_MAGIC = b"IW"
_VERSION = 1
_NOT_SEALED = 0
_ZSTD = 1
_LEVEL = 9


class RawRow(NamedTuple):
    """A record as a segment keeps it; `channel` is in the segment's dictionary."""

    id: int
    channel: int
    at: int
    data: bytes


def encode_block(rows: Sequence[RawRow]) -> bytes:
    """Compress records in order of id. The header says how it is compressed and sealed."""
    table, heap = bytearray(), bytearray()
    put_uint(table, len(rows))
    last_id = last_at = 0
    for row in rows:
        put_uint(table, row.id - last_id)
        put_uint(table, row.channel)
        put_signed(table, row.at - last_at)
        put_uint(table, len(row.data))
        heap += row.data
        last_id, last_at = row.id, row.at
    body = zstandard.ZstdCompressor(level=_LEVEL).compress(bytes(table + heap))
    return _HEADER.pack(_MAGIC, _VERSION, _NOT_SEALED, _ZSTD) + body


def decode_block(block: bytes) -> Iterator[RawRow]:
    """The records of a block; StoreError if it is sealed or of a kind unknown here."""
    magic, version, seal, codec = _HEADER.unpack_from(block)
    if (magic, version, seal, codec) != (_MAGIC, _VERSION, _NOT_SEALED, _ZSTD):
        raise StoreError(
            f"a block of wire records has version {version}, seal {seal}, codec {codec}, which"
            " this Isogate can't read: use the version that wrote it"
        )
    data = zstandard.ZstdDecompressor().decompress(block[_HEADER.size :])
    count, at = get_uint(data, 0)
    heads = []
    last_id = last_at = 0
    for _ in range(count):
        step, at = get_uint(data, at)
        channel, at = get_uint(data, at)
        moved, at = get_signed(data, at)
        size, at = get_uint(data, at)
        last_id, last_at = last_id + step, last_at + moved
        heads.append((last_id, channel, last_at, size))
    for number, channel, moment, size in heads:
        yield RawRow(number, channel, moment, data[at : at + size])
        at += size
