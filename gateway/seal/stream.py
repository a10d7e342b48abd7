"""Sealing a file, piece by piece: cut, swapped or missing pieces are noticed."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol

from gateway.errors import StoreError
from gateway.seal.sealer import OVERHEAD, Sealer, key_id

_PIECE = 1 << 20
_MAGIC = b"ISEAL\x01"
_NAME_SIZE = 16
_LENGTH = struct.Struct(">I")
_PLACE = struct.Struct(">Q?")


class Sink(Protocol):
    """Takes what is written."""

    def write(self, data: bytes, /) -> int: ...


def seal_stream(target: Sink, sealer: Sealer, context: bytes, data: Iterable[bytes]) -> None:
    """Write `data`, however it is cut, as sealed pieces of one MiB; nothing is synced here.

    Each piece knows its stream, its number and whether it is the last.
    """
    name = os.urandom(_NAME_SIZE)
    target.write(_MAGIC + name)
    number, waiting = 0, bytearray()
    for part in data:
        waiting += part
        while len(waiting) > _PIECE:
            _write(target, sealer, bytes(waiting[:_PIECE]), _place(name, number, context))
            del waiting[:_PIECE]
            number += 1
    _write(target, sealer, bytes(waiting), _place(name, number, context, last=True))


def open_stream(source: BinaryIO, sealer: Sealer, context: bytes) -> Iterator[bytes]:
    """The pieces again, each authentic when it is given; StoreError where the stream is broken.

    That it is whole is known when the iteration ends, and not before.
    """
    head = source.read(len(_MAGIC) + _NAME_SIZE)
    if len(head) < len(_MAGIC) + _NAME_SIZE or not head.startswith(_MAGIC):
        raise StoreError("this is not a sealed file of Isogate")
    name, number = head[len(_MAGIC) :], 0
    piece = _read(source)
    while True:
        following = _read(source)
        last = following is None
        if piece is None:
            raise StoreError("a sealed file ends too early: use another copy")
        yield sealer.open(piece, _place(name, number, context, last=last))
        if last:
            return
        piece, number = following, number + 1


def stream_key(source: BinaryIO) -> int:
    """The id of the key that sealed a stream; StoreError if it is none."""
    head = source.read(len(_MAGIC) + _NAME_SIZE)
    piece = _read(source) if head.startswith(_MAGIC) else None
    if piece is None:
        raise StoreError("this is not a sealed file of Isogate")
    return key_id(piece)


def _place(name: bytes, number: int, context: bytes, *, last: bool = False) -> bytes:
    return name + _PLACE.pack(number, last) + context


def _write(target: Sink, sealer: Sealer, data: bytes, place: bytes) -> None:
    sealed = sealer.seal(data, place)
    target.write(_LENGTH.pack(len(sealed)))
    target.write(sealed)


def _read(source: BinaryIO) -> bytes | None:
    """The next piece; None at the end of the file."""
    head = source.read(_LENGTH.size)
    if not head:
        return None
    size = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    if not OVERHEAD <= size <= _PIECE + OVERHEAD:
        raise StoreError("a sealed file is broken: use another copy")
    piece = source.read(size)
    if len(piece) < size:
        raise StoreError("a sealed file ends too early: use another copy")
    return piece
