"""The events of one poll in one row: pure, and exact both ways."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

from gateway.keys import place_id
from gateway.model import DeviceEvent
from gateway.store.rows import (
    MARK_BITS,
    NO_VALUE,
    NUMBER_APART,
    Cells,
    Head,
    Series,
    cells,
    event,
)
from gateway.store.varint import get_signed, get_uint, put_signed, put_uint

_ID, _RECEIVED, _OBSERVED, _RAW, _MORE = (1 << (MARK_BITS + bit) for bit in range(5))
_MARKS = (1 << MARK_BITS) - 1
_NUMBER = struct.Struct("<d")
_ID_SIZE = 16


def pack(
    events: Sequence[DeviceEvent], occurrence: bytes, series: Callable[[DeviceEvent], int]
) -> bytes:
    """Pack a poll under its occurrence id; times and raw id are relative to the first event.

    An id is stored only where it can't be derived again from the occurrence and the place.
    """
    first = events[0]
    if any(other.source.device != first.source.device for other in events):
        raise ValueError(f"a poll of {first.source.device} holds another device's event")
    out = bytearray()
    for place, item in enumerate(events):
        put_uint(out, series(item))
        _put(out, item, first, place_id(occurrence, place))
    return bytes(out)


def unpack(packed: bytes, head: Head, series: Callable[[int], Series]) -> Iterator[DeviceEvent]:
    """The events of a packed row; `head` is the row's, its id the occurrence id."""
    at, place = 0, 0
    while at < len(packed):
        number, at = get_uint(packed, at)
        line = series(number)
        item, cell, at = _get(packed, at, head)
        identity = item.id or place_id(head.id, place)
        yield event(item._replace(id=identity, seq=head.seq + place), line, cell)
        place += 1


def _put(out: bytearray, item: DeviceEvent, first: DeviceEvent, derived: bytes) -> None:
    cell = cells(item)
    received = item.received_at - first.received_at
    observed = item.observed_at - item.received_at
    flags = (
        cell.marks
        | (_ID if item.id != derived else 0)
        | (_RECEIVED if received else 0)
        | (_OBSERVED if observed else 0)
        | (_RAW if item.raw_id != first.raw_id else 0)
        | (_MORE if cell.more is not None else 0)
    )
    put_uint(out, flags)
    if flags & _ID:
        out += item.id
    if received:
        put_signed(out, received)
    if observed:
        put_signed(out, observed)
    if flags & _RAW:
        put_uint(out, 0 if item.raw_id is None else item.raw_id + 1)
    _put_cell(out, cell)


def _put_cell(out: bytearray, cell: Cells) -> None:
    if cell.text is not None:
        _put_bytes(out, cell.text.encode())
    if cell.number is not None:
        out += _NUMBER.pack(cell.number)
    if cell.more is not None:
        _put_bytes(out, cell.more)


def _put_bytes(out: bytearray, data: bytes) -> None:
    put_uint(out, len(data))
    out += data


def _get(packed: bytes, at: int, head: Head) -> tuple[Head, Cells, int]:
    flags, at = get_uint(packed, at)
    identity, received, observed, raw = b"", 0, 0, head.raw
    if flags & _ID:
        identity, at = packed[at : at + _ID_SIZE], at + _ID_SIZE
    if flags & _RECEIVED:
        received, at = get_signed(packed, at)
    if flags & _OBSERVED:
        observed, at = get_signed(packed, at)
    if flags & _RAW:
        shifted, at = get_uint(packed, at)
        raw = shifted - 1 if shifted else None
    received += head.received
    cell, at = _get_cell(packed, at, flags)
    return Head(0, identity, received, received + observed, raw), cell, at


def _get_cell(packed: bytes, at: int, flags: int) -> tuple[Cells, int]:
    text, number, more = None, None, None
    if flags & 3 != NO_VALUE:
        data, at = _get_bytes(packed, at)
        text = data.decode()
    if flags & 3 == NUMBER_APART:
        number, at = _NUMBER.unpack_from(packed, at)[0], at + _NUMBER.size
    if flags & _MORE:
        more, at = _get_bytes(packed, at)
    return Cells(flags & _MARKS, text, number, more), at


def _get_bytes(packed: bytes, at: int) -> tuple[bytes, int]:
    size, at = get_uint(packed, at)
    return packed[at : at + size], at + size
