"""Records of LIS2-A2 (ASTM E1394): from the text of frames to fields. Pure and lazy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from drivers.astm.codec import ends_message, text_of
from gateway import ProtocolViolation, sentence, swift

Line: TypeAlias = tuple[int, bytes]
"""The bytes of one record without its CR, and the index of the frame in which it begins."""

_ESCAPED = {"F": "field", "S": "component", "R": "repeat", "E": "escape"}
_DELIMITERS_AT = 5


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What separates fields, repeats and components in one message, and what escapes them."""

    field: str
    repeat: str
    component: str
    escape: str

    @classmethod
    def of(cls, header: str) -> Delimiters:
        """Those that an H record declares (LIS2-A2 6.2); they must be four different ones."""
        declared = header[1:_DELIMITERS_AT]
        if len(declared) < _DELIMITERS_AT - 1 or len(set(declared)) < len(declared):
            raise ProtocolViolation(
                sentence("the header declares no four delimiters: {text}", text=repr(header[:20]))
            )
        if any(character.isalnum() or character.isspace() for character in declared):
            raise ProtocolViolation(
                sentence("the header's delimiters can't be delimiters: {text}", text=repr(declared))
            )
        return _declared(declared)

    def unescape(self, text: str) -> str:
        """Escape sequences resolved (LIS2-A2 6.4.6); unknown ones stay as they are."""
        mark = re.escape(self.escape)
        return re.sub(f"{mark}([FSRE]|X(?:[0-9A-Fa-f]{{2}})+){mark}", self._resolved, text)

    def _resolved(self, match: re.Match[str]) -> str:
        word = match[1]
        if word in _ESCAPED:
            return str(getattr(self, _ESCAPED[word]))
        return bytes.fromhex(word[1:]).decode("latin-1")


@lru_cache(maxsize=64)
def _declared(declared: str) -> Delimiters:
    return Delimiters(*declared)


@swift
@dataclass(frozen=True, slots=True)
class Record:
    """One record: `fields[0]` is its type, field n of the standard is `fields[n - 1]`.

    Fields are as sent, without their padding; `line` is all of it with that. `frame` is the index
    of the frame in which it begins. A `plain` record holds no escape sequence.
    """

    kind: str
    fields: Sequence[str]
    frame: int
    delimiters: Delimiters
    plain: bool
    line: str

    def raw(self, number: int) -> str:
        """Field `number` as sent; empty if the record is shorter."""
        return self.fields[number - 1] if number <= len(self.fields) else ""

    def text(self, number: int, component: int = 0) -> str:
        """A field, or one component of its first repeat: without padding, escapes resolved."""
        if number > len(self.fields):
            return ""
        text = self.fields[number - 1]
        if component:
            parts = text.split(self.delimiters.repeat, 1)[0].split(self.delimiters.component)
            text = parts[component - 1].strip() if component <= len(parts) else ""
        return text if self.plain else self.delimiters.unescape(text).strip()

    def texts(self, count: int) -> Sequence[str]:
        """All fields as `text` gives them, at least `count` of them."""
        texts = self.fields
        if not self.plain:
            texts = [self.delimiters.unescape(field).strip() for field in texts]
        return texts if len(texts) >= count else [*texts, *[""] * (count - len(texts))]

    def repeats(self, number: int) -> tuple[str, ...]:
        """The repeats of a field that hold something."""
        parts = self.raw(number).split(self.delimiters.repeat)
        texts = parts if self.plain else map(self.delimiters.unescape, parts)
        return tuple([each for text in texts if (each := text.strip())])


@dataclass(frozen=True, slots=True)
class Lines:
    """The records of one message, H first. `ended` if L is the last of them."""

    lines: tuple[Line, ...]
    ended: bool

    @property
    def first(self) -> int:
        """Index of the frame in which its first record begins."""
        return self.lines[0][0]

    @property
    def last(self) -> int:
        """Index of the frame in which its last record begins."""
        return self.lines[-1][0]


def split_lines(frames: Sequence[bytes]) -> Iterator[Line]:
    """The records of good frames.

    The text of a frame goes on where that of an intermediate one (ETB) ended; CR ends a record,
    and so does a last frame (ETX).
    """
    begun, rest = 0, b""
    for index, frame in enumerate(frames):
        begun = begun if rest else index
        *whole, rest = (rest + text_of(frame)).split(b"\r")
        if ends_message(frame):
            whole.append(rest)
            rest = b""
        for line in whole:
            if line.strip():
                yield begun, line.lstrip(b"\n")
            begun = index
    if rest.strip():
        yield begun, rest


def split_messages(lines: Iterable[Line]) -> Iterator[Lines]:
    """Messages: each begins with H and ends with L. What stands outside is one of its own."""
    message: list[Line] = []
    for line in lines:
        if line[1][:1] == b"H" and message:
            yield Lines(tuple(message), ended=False)
            message = []
        message.append(line)
        if line[1][:1] == b"L" and message[0][1][:1] == b"H":
            yield Lines(tuple(message), ended=True)
            message = []
    if message:
        yield Lines(tuple(message), ended=False)


def parse_message(lines: Iterable[Line], charset: str) -> tuple[Record, ...]:
    """The records of a message. ProtocolViolation if its text or its header can't be read.

    Bytes are decoded before anything is split: a delimiter's code may be the second byte of a
    character of GB 18030.
    """
    frames, content = zip(*lines, strict=True)
    texts = _decoded(content, charset)
    delimiters = Delimiters.of(texts[0])
    separator, escape = delimiters.field, delimiters.escape
    records: list[Record] = []
    for frame, text in zip(frames, texts, strict=True):
        fields = [*map(str.strip, text.split(separator))]
        kind = fields[0][:1].upper()
        records.append(Record(kind, fields, frame, delimiters, escape not in text, text))
    return tuple(records)


def parse_header(line: bytes, charset: str) -> Record:
    """An H record alone; ProtocolViolation if it can't be read."""
    return parse_message([(0, line)], charset)[0]


def _decoded(lines: Sequence[bytes], charset: str) -> Sequence[str]:
    """The text of each line. In none of the charsets is CR a part of another character."""
    try:
        return b"\r".join(lines).decode(charset).split("\r")
    except UnicodeDecodeError:
        return [_decoded_line(line, charset) for line in lines]


def _decoded_line(line: bytes, charset: str) -> str:
    try:
        return line.decode(charset)
    except UnicodeDecodeError as error:
        raise ProtocolViolation(
            sentence(
                "byte {at} of {kind} record {text} is not {charset}: set the profile's charset to"
                " what the analyzer sends",
                at=error.start,
                kind=line[:1].decode("latin-1"),
                text=repr(line[:40]),
                charset=charset,
            ),
            line,
        ) from error
