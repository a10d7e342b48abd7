"""A wire record taken apart for people: what each of its bytes is, in the protocol's own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gateway.model import Localized, RawId, WireRecord
from gateway.profile import Profile


@dataclass(frozen=True, slots=True)
class Part:
    """A run of bytes of a record: `start` is the offset of the first, `end` of the one after.

    `text` is what they say, in the device's words. Children lie within their part, in order and
    without overlap; they need not fill it.
    """

    label: Localized
    start: int
    end: int
    text: str = ""
    children: tuple[Part, ...] = ()


Explain: TypeAlias = Callable[[WireRecord, Profile | None], Sequence[Part]]
"""The parts of a record, by the profile of its device where that is known.

It never raises: bytes that it can't tell are one part that says so.
"""


@dataclass(frozen=True, slots=True)
class Whole:
    """A message that crossed in several records, taken apart as one.

    `parts` lie in the bytes that these records brought of it, one after another. `pieces` are the
    records, in order, each with the offset at which its bytes end.
    """

    parts: tuple[Part, ...]
    pieces: tuple[tuple[RawId, int], ...]


Assemble: TypeAlias = Callable[[Sequence[WireRecord], RawId, Profile | None], Whole | None]
"""The whole message that the record with a raw id is a piece of; None if it is no piece of one.

It is given incoming records of that link and session, oldest first, at most 2,000, that one among
them. Like `Explain` it never raises.
"""

UNKNOWN: Localized = {"en": "Unknown bytes", "zh-CN": "未知字节"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Decoded text that knows where its bytes lie.

    Where no charset fits, each byte stands as one character and `known` is false.
    """

    text: str
    start: int
    charset: str
    known: bool = True

    @classmethod
    def read(cls, data: bytes, start: int, charset: str) -> Stretch:
        """`data`, which begins at offset `start` of its record, in a charset if it fits."""
        try:
            text = data.decode(charset)
            fits = text.encode(charset) == data
        except UnicodeError:
            fits = False
            text = ""
        return (
            cls(text, start, charset)
            if fits
            else cls(data.decode("latin-1"), start, "latin-1", known=False)
        )

    @property
    def end(self) -> int:
        return self.start + len(self.text.encode(self.charset))

    @property
    def shown(self) -> str:
        """The text, where bytes of an unknown charset stand in hexadecimal."""
        if self.known:
            return self.text
        return self.text.encode("latin-1").decode("ascii", "backslashreplace")

    def split(self, separator: str) -> list[Stretch]:
        """The pieces between separators, each with its own place."""
        pieces, at = [], self.start
        step = len(separator.encode(self.charset))
        for text in self.text.split(separator):
            pieces.append(Stretch(text, at, self.charset, self.known))
            at += len(text.encode(self.charset)) + step
        return pieces

    def part(self, label: Localized, children: tuple[Part, ...] = ()) -> Part:
        return Part(label, self.start, self.end, self.shown, children)
