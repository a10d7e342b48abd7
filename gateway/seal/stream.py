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


class StreamSealer:
    """Writes what comes, however it is cut, as sealed pieces; `end` writes the last one.

    Each piece knows its stream, its number and whether it is the last. Nothing is synced here.
    """

    def __init__(self, target: Sink, sealer: Sealer, context: bytes, piece: int = _PIECE) -> None:
        """`piece` is the size of one, at most a MiB: so much waits in memory."""
        self._target, self._sealer, self._context = target, sealer, context
        self._piece = piece
        self._name = os.urandom(_NAME_SIZE)
        self._number = 0
        self._waiting: list[bytes] = []
        self._size = 0
        target.write(_MAGIC + self._name)

    def write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._size += len(data)
        if self._size > self._piece:
            self._flush()

    def end(self, mark: bytes = b"") -> None:
        """What still waits is the last piece, be it empty. Who opens the stream knows the mark."""
        self._seal(b"".join(self._waiting), last=True, mark=mark)

    def _flush(self) -> None:
        data, at = b"".join(self._waiting), 0
        while len(data) - at > self._piece:
            self._seal(data[at : at + self._piece])
            at += self._piece
        self._waiting = [data[at:]]
        self._size = len(data) - at

    def _seal(self, data: bytes, *, last: bool = False, mark: bytes = b"") -> None:
        place = _place(self._name, self._number, self._context, last=last, mark=mark)
        sealed = self._sealer.seal(data, place)
        self._target.write(_LENGTH.pack(len(sealed)))
        self._target.write(sealed)
        self._number += 1


def seal_stream(target: Sink, sealer: Sealer, context: bytes, data: Iterable[bytes]) -> None:
    """Write all of `data`, sealed."""
    stream = StreamSealer(target, sealer, context)
    for part in data:
        stream.write(part)
    stream.end()


def open_stream(
    source: BinaryIO, sealer: Sealer, context: bytes, mark: bytes = b""
) -> Iterator[bytes]:
    """The pieces again, each authentic when it is given; StoreError where the stream is broken.

    That it is whole, and ended with this mark, is known with the last piece, and not before.
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
        place = _place(name, number, context, last=last, mark=mark if last else b"")
        yield sealer.open(piece, place)
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


def _place(
    name: bytes, number: int, context: bytes, *, last: bool = False, mark: bytes = b""
) -> bytes:
    """The mark comes last: what stands before it has one length in a stream."""
    return name + _PLACE.pack(number, last) + context + mark


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
