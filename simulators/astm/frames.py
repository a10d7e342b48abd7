"""Frames of LIS1-A, written from the standard's own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ENQ, ACK, NAK, EOT = b"\x05", b"\x06", b"\x15", b"\x04"
_STX, _ETX, _ETB = b"\x02", b"\x03", b"\x17"


@dataclass(frozen=True)
class Frame:
    """One frame before it is numbered."""

    text: bytes
    last: bool

    def wire(self, number: int, *, spoil: int = 0) -> bytes:
        """The frame as it is sent; `spoil` is added to its checksum."""
        body = str(number % 8).encode() + self.text + (_ETX if self.last else _ETB)
        total = (sum(body) + spoil) % 256
        return _STX + body + f"{total:02X}".encode() + b"\r\n"


def frames(records: Sequence[str], charset: str, size: int | None = 240) -> Iterator[Frame]:
    """A frame for each record, cut where one is longer than `size`; None: all in one frame."""
    texts = [f"{record}\r".encode(charset) for record in records]
    if size is None:
        yield Frame(b"".join(texts), last=True)
        return
    for text in texts:
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        for number, piece in enumerate(pieces, 1):
            yield Frame(piece, last=number == len(pieces))
