"""Frames of LED boards by template: bytes, numbers, text, lengths and checksums. Pure.

A template is words with spaces between:

    05              a byte in hexadecimal
    number:2        the ticket's number in so many bytes, high byte first; `number:2le` low first
    digits:3        the number as so many ASCII digits
    text            the board's text in GB 18030
    length          the length of that text in one byte; `length:2`, `length:2le`
    sum8  xor8      over all bytes before; `sum8@1` leaves out the first one
    crc16           of Modbus, low byte first; `crc16be` high byte first; `@` as above
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import TypeAlias

_BYTE = re.compile(r"[0-9A-Fa-f]{2}")
_FIELD = re.compile(r"(number|length|digits)(?::([1-8])(le)?)?")
_CHECK = re.compile(r"(sum8|xor8|crc16|crc16be)(?:@([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a frame is made of; `text` is as the board shows it."""

    number: int
    text: str = ""


Part: TypeAlias = Callable[[Facts, bytes], bytes]
"""Given the facts and the bytes before, the bytes of one word."""


@dataclass(frozen=True, slots=True)
class Template:
    """A frame to be filled."""

    parts: tuple[Part, ...]

    def frame(self, facts: Facts) -> bytes:
        """The bytes for a board. ValueError if the number or the text does not fit."""
        made = b""
        for part in self.parts:
            made += part(facts, made)
        return made


def parse(text: str) -> Template:
    """The template that a text writes; ValueError names the word that is none."""
    parts = tuple(_part(word) for word in text.split())
    if not parts:
        raise ValueError("a frame has at least one byte")
    return Template(parts)


def _part(word: str) -> Part:
    if _BYTE.fullmatch(word):
        fixed = bytes.fromhex(word)
        return lambda _facts, _before: fixed
    if word == "text":
        return lambda facts, _before: facts.text.encode("gb18030")
    if field := _FIELD.fullmatch(word):
        return _field(field[1], int(field[2] or 1), little=bool(field[3]))
    if check := _CHECK.fullmatch(word):
        return _check(_CHECKS[check[1]], int(check[2] or 0))
    raise ValueError(
        f"{word!r} is no word of a frame: use two hexadecimal digits, number:2, digits:3, text,"
        " length, sum8, xor8 or crc16"
    )


def _field(name: str, size: int, *, little: bool) -> Part:
    if name == "digits":
        return lambda facts, _before: _digits(facts.number, size)
    order = "little" if little else "big"

    def whole(facts: Facts, _before: bytes) -> bytes:
        value = facts.number if name == "number" else len(facts.text.encode("gb18030"))
        try:
            return value.to_bytes(size, "little" if little else "big")
        except OverflowError:
            raise ValueError(f"{name} {value} does not fit {size} bytes ({order})") from None

    return whole


def _digits(number: int, size: int) -> bytes:
    written = f"{number:0{size}}"
    if len(written) > size:
        raise ValueError(f"number {number} has more than {size} digits")
    return written.encode("ascii")


def _check(check: Callable[[bytes], bytes], skipped: int) -> Part:
    return lambda _facts, before: check(before[skipped:])


def sum8(data: bytes) -> bytes:
    """The low byte of the sum."""
    return bytes([sum(data) & 0xFF])


def xor8(data: bytes) -> bytes:
    return bytes([reduce(xor, data, 0)])


def crc16(data: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first (MODBUS over Serial Line 1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


_CHECKS: Mapping[str, Callable[[bytes], bytes]] = {
    "sum8": sum8,
    "xor8": xor8,
    "crc16": crc16,
    "crc16be": lambda data: crc16(data)[::-1],
}
