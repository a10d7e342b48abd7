"""A lenient, lazy reader of HL7 v2: segments are split once, fields when somebody asks for them.

The text is split after it is decoded: a second byte of GB 18030 may be `|`, `^`, `~` or a
backslash.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.hl7.delimiters import Delimiters, read_delimiters
from drivers.hl7.escapes import unescape

_NULL = '""'
_NAME = 3


class Segment:
    """One segment. Fields count from 1 as in the standard; MSH-1 is the separator itself.

    What is absent is the empty text, and so is the explicit null (`""`). Repetitions other than
    the first are seen by `repetitions` alone.
    """

    __slots__ = ("_charset", "_delimiters", "_fields", "_plain", "name")

    def __init__(self, line: str, delimiters: Delimiters, charset: str, *, plain: bool) -> None:
        fields = line.split(delimiters.field)
        self.name = fields[0]
        if self.name == "MSH":
            fields.insert(1, delimiters.field)
        self._fields = fields
        self._delimiters = delimiters
        self._charset = charset
        self._plain = plain

    def raw(self, number: int) -> str:
        """A whole field as it was sent."""
        fields = self._fields
        return fields[number] if number < len(fields) else ""

    def text(self, number: int) -> str:
        """A whole field as one text, escape sequences resolved."""
        return self._read(self.raw(number))

    def component(self, number: int, component: int = 1) -> str:
        """A component of a field's first repetition."""
        value = self.raw(number)
        delimiters = self._delimiters
        if delimiters.repetition in value:
            value = value.split(delimiters.repetition, 1)[0]
        if delimiters.component in value:
            parts = value.split(delimiters.component)
            value = parts[component - 1] if component <= len(parts) else ""
        elif component > 1:
            return ""
        return self._read(value)

    def part(self, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """A subcomponent of a field's first repetition."""
        value = self.raw(number).split(self._delimiters.repetition, 1)[0]
        parts = value.split(self._delimiters.component)
        inner = parts[component - 1] if component <= len(parts) else ""
        pieces = inner.split(self._delimiters.subcomponent)
        return self._read(pieces[subcomponent - 1] if subcomponent <= len(pieces) else "")

    def components(self, number: int) -> list[str]:
        """The components of a field's first repetition."""
        value = self.raw(number).split(self._delimiters.repetition, 1)[0]
        return [self._read(part) for part in value.split(self._delimiters.component)]

    def repetitions(self, number: int) -> list[list[str]]:
        """Every repetition of a field, each as its components; none of an empty field."""
        value = self.raw(number)
        if not value:
            return []
        component = self._delimiters.component
        return [
            [self._read(part) for part in each.split(component)]
            for each in value.split(self._delimiters.repetition)
        ]

    def subcomponents(self, text: str) -> list[str]:
        """The subcomponents of a component that `repetitions` gave."""
        return text.split(self._delimiters.subcomponent)

    def _read(self, value: str) -> str:
        if value == _NULL:
            return ""
        return value if self._plain else unescape(value, self._delimiters, self._charset)


class Message:
    """A message in order. `notes` say what had to be put right to read it."""

    __slots__ = ("_lines", "_plain", "charset", "delimiters", "header", "notes")

    def __init__(self, text: str, charset: str = "utf-8") -> None:
        text = text.lstrip("\ufeff\r\n \t")
        self.charset = charset
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
        self._plain = text.find(self.delimiters.escape, after) < 0
        self.header = self._segment(lines[0])

    def __iter__(self) -> Iterator[Segment]:
        return map(self._segment, self._lines)

    def all(self, name: str) -> list[Segment]:
        """Every segment of this name, in order."""
        return [self._segment(line) for line in self._lines if line.startswith(name)]

    def first(self, name: str) -> Segment | None:
        """The first segment of this name."""
        line = next((line for line in self._lines if line.startswith(name)), None)
        return None if line is None else self._segment(line)

    def _segment(self, line: str) -> Segment:
        return Segment(line, self.delimiters, self.charset, plain=self._plain)

    def _mended(self, lines: list[str]) -> list[str]:
        """Without empty lines; one that begins no segment goes on with the field before it."""
        mended: list[str] = []
        for line in lines:
            if not line.strip():
                continue
            if mended and not self._begins_segment(line):
                mended[-1] += "\n" + line
                self._note(f"a line break stands inside {mended[-1][:_NAME]}")
            else:
                mended.append(line)
        return mended

    def _begins_segment(self, line: str) -> bool:
        name = line[:_NAME]
        named = len(name) == _NAME and name.isascii() and name.isalnum() and name[0].isalpha()
        return named and line[_NAME : _NAME + 1] in {"", self.delimiters.field}

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes += (note,)
