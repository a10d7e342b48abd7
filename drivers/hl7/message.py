"""A lenient, lazy reader of HL7 v2: segments are split once, fields when somebody asks for them.

The text is split after it is decoded: a second byte of GB 18030 may be `|`, `^`, `~` or a
backslash.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from drivers.hl7.delimiters import Delimiters, read_delimiters
from drivers.hl7.escapes import unescape
from drivers.hl7.refusal import misplaced
from gateway import sentence

MOST_BREAKS = 300_000
"""Of line breaks inside fields: a picture of 16 MiB in lines of 60 characters has fewer."""

_NULL = '""'
_NAME = 3
_MOST_NOTES = 8


class _Style:
    """How the texts of one message are written; shared by its segments."""

    __slots__ = ("charset", "component", "delimiters", "field", "plain", "repetition")

    def __init__(self, delimiters: Delimiters, charset: str, *, plain: bool) -> None:
        self.delimiters = delimiters
        self.field = delimiters.field
        self.component = delimiters.component
        self.repetition = delimiters.repetition
        self.charset = charset
        self.plain = plain


class Segment:
    """One segment. Fields count from 1 as in the standard; MSH-1 is the separator itself.

    What is absent is the empty text, and so is the explicit null (`""`). Repetitions other than
    the first are seen by `repetitions` alone.
    """

    __slots__ = ("_fields", "_style")

    def __init__(self, line: str, style: _Style) -> None:
        self._fields = line.split(style.field)
        self._style = style
        if line.startswith("MSH"):
            self._fields.insert(1, style.field)

    @property
    def name(self) -> str:
        return self._fields[0]

    def raw(self, number: int) -> str:
        """A whole field as it was sent."""
        try:
            return self._fields[number]
        except IndexError:
            return ""

    def text(self, number: int) -> str:
        """A whole field as one text, escape sequences resolved."""
        return self._read(self.raw(number))

    def component(self, number: int, component: int = 1) -> str:
        """A component of a field's first repetition."""
        try:
            value = self._fields[number]
        except IndexError:
            return ""
        style = self._style
        if style.repetition in value:
            value = value.split(style.repetition, 1)[0]
        if style.component in value:
            parts = value.split(style.component)
            value = parts[component - 1] if component <= len(parts) else ""
        elif component > 1:
            return ""
        return value if style.plain and value != _NULL else self._read(value)

    def part(self, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """A subcomponent of a field's first repetition."""
        parts = self._first(number).split(self._style.component)
        inner = parts[component - 1] if component <= len(parts) else ""
        pieces = inner.split(self._style.delimiters.subcomponent)
        return self._read(pieces[subcomponent - 1] if subcomponent <= len(pieces) else "")

    def components(self, number: int) -> list[str]:
        """The components of a field's first repetition."""
        return [self._read(part) for part in self._first(number).split(self._style.component)]

    def repetitions(self, number: int) -> list[list[str]]:
        """Every repetition of a field, each as its components; none of an empty field."""
        value = self.raw(number)
        if not value:
            return []
        component = self._style.component
        return [
            [self._read(part) for part in each.split(component)]
            for each in value.split(self._style.repetition)
        ]

    def subcomponents(self, text: str) -> list[str]:
        """The subcomponents of a component that `repetitions` gave."""
        return text.split(self._style.delimiters.subcomponent)

    def _first(self, number: int) -> str:
        return self.raw(number).split(self._style.repetition, 1)[0]

    def _read(self, value: str) -> str:
        if value == _NULL:
            return ""
        style = self._style
        return value if style.plain else unescape(value, style.delimiters, style.charset)


class Message:
    """A message in order. `notes` say what had to be put right to read it.

    ProtocolViolation if it has no usable header, or more than `MOST_BREAKS` lines that begin no
    segment.
    """

    __slots__ = ("_lines", "_style", "delimiters", "header", "notes")

    def __init__(self, text: str, charset: str = "utf-8") -> None:
        text = text.lstrip("\ufeff\r\n \t").rstrip("\r\n")
        self.delimiters, note = read_delimiters(text)
        self.notes: tuple[str, ...] = (note,) if note else ()
        if "\n" in text:
            text = text.replace("\r\n", "\r").replace("\n", "\r")
        lines = text.split("\r")
        separator = self.delimiters.field
        if any(line[_NAME : _NAME + 1] != separator for line in lines):
            lines = self._mended(lines)
        self._lines = lines
        after = len("MSH") + 1 + len(self.delimiters.encoding)
        plain = text.find(self.delimiters.escape, after) < 0
        self._style = _Style(self.delimiters, charset, plain=plain)
        self.header = self._segment(lines[0])

    def __iter__(self) -> Iterator[Segment]:
        return map(self._segment, self._lines)

    def all(self, name: str) -> list[Segment]:
        """Every segment of this name, in order."""
        style = self._style
        return [Segment(line, style) for line in self._lines if line.startswith(name)]

    def first(self, name: str) -> Segment | None:
        """The first segment of this name."""
        line = next((line for line in self._lines if line.startswith(name)), None)
        return None if line is None else self._segment(line)

    def _segment(self, line: str) -> Segment:
        return Segment(line, self._style)

    def _mended(self, lines: list[str]) -> list[str]:
        """Without empty lines; one that begins no segment goes on with the field before it."""
        mended: list[list[str]] = []
        count = 0
        for line in lines:
            if not line.strip():
                continue
            if not mended or self._begins_segment(line):
                mended.append([line])
                continue
            count += 1
            if count > MOST_BREAKS:
                why = sentence("the message has more than {count} line breaks", count=MOST_BREAKS)
                raise misplaced(why, "")
            mended[-1].append(line)
        broken = dict.fromkeys(parts[0][:_NAME] for parts in mended if len(parts) > 1)
        told = islice(broken, _MOST_NOTES)
        self.notes += tuple(f"a line break stands inside {name}" for name in told)
        return ["\n".join(parts) for parts in mended]

    def _begins_segment(self, line: str) -> bool:
        name = line[:_NAME]
        named = len(name) == _NAME and name.isascii() and name.isalnum() and name[0].isalpha()
        return named and line[_NAME : _NAME + 1] in {"", self.delimiters.field}
