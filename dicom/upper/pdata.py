"""P-DATA-TF: presentation data values out of a PDU, and messages into PDUs (PS3.8 9.3.5, Annex E).

The values stay slices of the receive buffer; whoever keeps one copies it.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from dicom.upper.pdu import PduType
from gateway import ProtocolViolation

_PDV = Struct(">IBB")
_HEAD = Struct(">BxIIBB")
_OVERHEAD = 6
_COUNTED = 2
_COMMAND = 0x01
_LAST = 0x02
_LONGEST = 1_048_576
"""Longest PDU that we make for a peer that sets no limit."""


class Pdv(NamedTuple):
    """A fragment of a message: of its command or its dataset, the last of it or not."""

    context: int
    is_command: bool
    is_last: bool
    data: memoryview


def split(body: memoryview) -> list[Pdv]:
    """The values in a PDU's body, in order; ProtocolViolation if one runs past its end."""
    values, offset, end = [], 0, len(body)
    while offset < end:
        if offset + _OVERHEAD > end:
            raise ProtocolViolation(f"P-DATA-TF: {end - offset} bytes after the last value")
        length, context, control = _PDV.unpack_from(body, offset)
        stop = offset + 4 + length
        if length < _COUNTED or stop > end:
            raise ProtocolViolation(
                f"P-DATA-TF: a value announces {length} bytes, {end - offset - 4} are there"
            )
        data = body[offset + _OVERHEAD : stop]
        values.append(Pdv(context, bool(control & _COMMAND), bool(control & _LAST), data))
        offset = stop
    if not values:
        raise ProtocolViolation("P-DATA-TF without a value")
    return values


def room(max_length: int) -> int:
    """How many bytes of a message fit into one PDU for a peer with this maximum length."""
    longest = min(max_length or _LONGEST, _LONGEST)
    return max(longest - _OVERHEAD, 1)


def fragment(context: int, data: bytes | memoryview, *, command: bool, last: bool) -> bytes:
    """The head of a PDU whose only value is `data`; the data follow it."""
    size = len(data)
    control = (_COMMAND if command else 0) | (_LAST if last else 0)
    return _HEAD.pack(PduType.DATA, size + _OVERHEAD, size + _COUNTED, context, control)


def fragments(
    context: int, data: bytes, max_length: int, *, command: bool, ends: bool = True
) -> Iterator[bytes | memoryview]:
    """PDUs that carry `data`, heads and slices in turn; the last one is marked if it `ends`.

    Nothing at all still makes one PDU if it ends the message.
    """
    step, size = room(max_length), len(data)
    if 0 < size <= step:
        yield fragment(context, data, command=command, last=ends)
        yield data
        return
    view = memoryview(data)
    for start in range(0, max(size, 1 if ends else 0), step):
        part = view[start : start + step]
        yield fragment(context, part, command=command, last=ends and start + step >= size)
        yield part
