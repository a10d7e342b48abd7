"""Bytes for reading: hexadecimal beside text, control characters by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_WIDTH = 16
_CONTROLS = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI "
    "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
)
_NAMES = tuple(_CONTROLS.split())
_DELETE = 0x7F
_PRINTABLE = range(0x20, _DELETE)


@dataclass(frozen=True, slots=True)
class Byte:
    """One byte: its two hexadecimal digits, and its character or name."""

    digits: str
    text: str
    control: bool


@dataclass(frozen=True, slots=True)
class Row:
    start: int
    offset: str
    bytes: tuple[Byte, ...]


def rows(data: bytes) -> Iterator[Row]:
    """Sixteen bytes a row; the offset in four or more hexadecimal digits."""
    for start in range(0, len(data), _WIDTH):
        yield Row(
            start, f"{start:04x}", tuple(_byte(byte) for byte in data[start : start + _WIDTH])
        )


def preview(data: bytes, size: int = 12) -> str:
    """The first bytes in hexadecimal."""
    more = " …" if len(data) > size else ""
    return data[:size].hex(" ") + more


def as_text(data: bytes) -> str | None:
    """The bytes as text where they are UTF-8 without odd control characters, else None."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text and all(each.isprintable() or each in "\r\n\t" for each in text) else None


def _byte(value: int) -> Byte:
    if value in _PRINTABLE:
        return Byte(f"{value:02x}", chr(value), control=False)
    if value < len(_NAMES):
        return Byte(f"{value:02x}", _NAMES[value], control=True)
    return Byte(f"{value:02x}", "DEL" if value == _DELETE else "·", control=True)
