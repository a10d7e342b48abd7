"""From bytes to messages, in any segmentation. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import TypeAlias

from drivers.line.framing import ChecksumKind, Framing
from gateway import sentence

_POLYNOMIAL = 0xA001
"""CRC-16 of Modbus, MODBUS over Serial Line V1.02, 6.2.2."""


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message: `data` as it crossed the line, `text` what it says."""

    data: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Damaged:
    """Bytes that are no message, and why."""

    data: bytes
    why: str


Piece: TypeAlias = Message | Damaged


class Splitter:
    """Cuts a stream into messages; what is between them is damaged, blanks excepted.

    It holds at most `limit` bytes: of a longer message the beginning is damaged, and the rest is
    passed over up to the next end.
    """

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._start = framing.start.encode("latin-1")
        self._end = framing.end.encode("latin-1")
        self._escape = framing.escape.encode("latin-1")
        self._tail = framing.checksum.width() if framing.checksum.at == "after-end" else 0
        self._buffer = b""
        self._skipping = False

    @property
    def waiting(self) -> bool:
        """Whether a message has begun."""
        return bool(self._buffer.strip()) or self._skipping

    def feed(self, data: bytes) -> Iterator[Piece]:
        """What is complete with `data`; each piece is given once."""
        self._buffer += data
        while (piece := self._next()) is not None:
            if piece.data.strip(b"\r\n\0 "):
                yield piece

    def give_up(self) -> Damaged | None:
        """The rest of a message that will not come to its end."""
        rest, self._buffer = self._buffer, b""
        skipped, self._skipping = self._skipping, False
        return Damaged(rest, sentence("broken off")) if rest.strip() and not skipped else None

    def _next(self) -> Piece | None:
        begin = self._begin()
        if begin:
            return Damaged(self._take(begin), sentence("outside of a message"))
        end = self._find_end()
        if end is None:
            return self._too_long()
        data = self._take(end)
        if self._skipping:
            self._skipping = False
            return Damaged(b"", sentence("the rest of a message that was too long"))
        if len(data) > self._framing.limit:
            return Damaged(data[: self._framing.limit], sentence("too long"))
        return read(self._framing, data)

    def _begin(self) -> int:
        """How many bytes stand before the start of a message; 0 if none has begun."""
        return max(0, self._buffer.find(self._start)) if not self._skipping else 0

    def _find_end(self) -> int | None:
        """Where the first message ends with its checksum; None if it is not all there."""
        if not (self._buffer.startswith(self._start) or self._skipping):
            return None
        at = 0 if self._skipping else len(self._start)
        while at < len(self._buffer):
            if self._escape and self._buffer.startswith(self._escape, at):
                at += 2
            elif self._buffer.startswith(self._end, at):
                end = at + len(self._end) + self._tail
                return end if end <= len(self._buffer) else None
            else:
                at += 1
        return None

    def _too_long(self) -> Damaged | None:
        if len(self._buffer) <= self._framing.limit:
            return None
        head = self._take(len(self._buffer) - len(self._end) + 1)
        skipping, self._skipping = self._skipping, True
        return Damaged(b"" if skipping else head[: self._framing.limit], sentence("too long"))

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def read(framing: Framing, data: bytes) -> Piece:
    """The message of bytes from its start to its checksum."""
    start, end = framing.start.encode("latin-1"), framing.end.encode("latin-1")
    check, width = framing.checksum, framing.checksum.width()
    after = check.at == "after-end"
    body = data[: len(data) - width] if after and width else data
    if not (body.startswith(start) and body.endswith(end)):
        return Damaged(data, sentence("not framed"))
    inner = body[len(start) : len(body) - len(end)]
    text, sent = (inner, data[len(body) :]) if after else _parted(inner, width)
    if check.kind is not ChecksumKind.NONE:
        parts = {"start": start, "text": text, "end": end}
        made = checksum(check.kind, b"".join(parts[part] for part in check.covers))
        written = made.hex().upper().encode() if check.hex else made
        if (sent.upper() if check.hex else sent) != written:
            return Damaged(data, sentence("wrong checksum"))
    return Message(data, _unescaped(framing, text))


def checksum(kind: ChecksumKind, covered: bytes) -> bytes:
    """The checksum as bytes on the line."""
    match kind:
        case ChecksumKind.SUM8:
            return bytes([sum(covered) % 256])
        case ChecksumKind.XOR8:
            return bytes([reduce(xor, covered, 0)])
        case ChecksumKind.CRC16:
            return reduce(_crc_step, covered, 0xFFFF).to_bytes(2, "little")
        case ChecksumKind.NONE:
            return b""


def _crc_step(crc: int, octet: int) -> int:
    crc ^= octet
    for _ in range(8):
        crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc


def _parted(inner: bytes, width: int) -> tuple[bytes, bytes]:
    cut = len(inner) - width
    return inner[:cut], inner[cut:]


def _unescaped(framing: Framing, text: bytes) -> bytes:
    escape = framing.escape.encode("latin-1")
    if not escape:
        return text
    said = bytearray()
    octets = iter(text)
    for octet in octets:
        said.append(next(octets, octet) if octet == escape[0] else octet)
    return bytes(said)
