"""Bytes for people: hex beside text, control characters by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_NAMES = (
    *("NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL"),
    *("BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI"),
    *("DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB"),
    *("CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US"),
)
_DELETE = 0x7F
_TEXT = tuple(
    f"<{_NAMES[byte]}>"
    if byte < len(_NAMES)
    else "<DEL>"
    if byte == _DELETE
    else chr(byte)
    if byte < _DELETE
    else "·"
    for byte in range(256)
)

BYTES_A_ROW = 12
HEX_WIDTH = BYTES_A_ROW * 3 - 1
TEXT_WIDTH = 26


class Row(NamedTuple):
    """A part of a message; `hex` is at most HEX_WIDTH wide, `text` at most TEXT_WIDTH."""

    hex: str
    text: str


def text_of(data: bytes) -> str:
    """ASCII as it is, control characters as `<STX>`, any other byte as a dot."""
    return "".join(_TEXT[byte] for byte in data)


def rows(data: bytes) -> Iterator[Row]:
    """`data` in rows that fit beside a time and a direction in 80 columns."""
    begun = width = 0
    for index, byte in enumerate(data):
        more = len(_TEXT[byte])
        if index - begun == BYTES_A_ROW or width + more > TEXT_WIDTH:
            yield _row(data[begun:index])
            begun, width = index, 0
        width += more
    yield _row(data[begun:])


def line(at: str, direction: str, data: bytes) -> str:
    """A message as `device tail --raw` shows it: time, direction, hex, text."""
    first, *more = rows(data)
    head = f"{at:<12} {direction:<3} "
    indent = " " * len(head)
    lines = [head + _columns(first), *(indent + _columns(row) for row in more)]
    return "\n".join(row.rstrip() for row in lines)


def _row(data: bytes) -> Row:
    return Row(data.hex(" "), text_of(data))


def _columns(row: Row) -> str:
    return f"{row.hex:<{HEX_WIDTH}}  {row.text}"
