"""Integers in as few bytes as they need (LEB128, zigzag for signed)."""

from __future__ import annotations

_MORE = 0x80
_LOW = 0x7F


def put_uint(out: bytearray, number: int) -> None:
    """Append an integer ≥ 0."""
    while number >= _MORE:
        out.append(number & _LOW | _MORE)
        number >>= 7
    out.append(number)


def get_uint(data: bytes, at: int) -> tuple[int, int]:
    """The integer at `at`, and where the next thing starts."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & _LOW) << shift
        if byte < _MORE:
            return number, at
        shift += 7


def put_signed(out: bytearray, number: int) -> None:
    """Append an integer of either sign."""
    put_uint(out, number << 1 if number >= 0 else (-number << 1) - 1)


def get_signed(data: bytes, at: int) -> tuple[int, int]:
    """The signed integer at `at`, and where the next thing starts."""
    folded, at = get_uint(data, at)
    return (-((folded + 1) >> 1) if folded & 1 else folded >> 1), at
