"""Reads YAML into a Document.

Scalars follow the YAML 1.2 core schema (`yes`, `on` and `12:30` are text); keys are text. The
tree is built from libyaml's events without recursion and within bounds, because a file must
exhaust neither the stack (PyYAML's own composer overflows it) nor, by aliases, the memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from gateway.config.document import Document, Place, Spot
from gateway.errors import Problem

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 40
MAX_VALUES = 1_000_000

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_RADIX = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,16}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_NUMERIC = frozenset("+-.0123456789")


class _Fault(Exception):  # noqa: N818 - stops the reading at a place
    def __init__(self, message: str, place: Place, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.place, self.hint = message, place, hint


def read_yaml(file: Path) -> Document:
    """Read a file; what is wrong with it stands in `Document.problems`, nothing is raised."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(f"can't be read: {error.strerror or error}", str(file))
        return Document(file, problems=(problem,))
    except ValueError as error:
        return Document(file, problems=(Problem(f"is not a file name: {error}", str(file)),))
    return parse_yaml(data, file)


def parse_yaml(data: bytes, file: Path) -> Document:
    """The document in `data`; the first of a duplicated key counts."""
    tree = _Tree(str(file))
    try:
        text = _decode(data)
        for event in _events(text):
            tree.take(event)
    except _Fault as fault:
        tree.report(fault.message, fault.place, fault.hint)
        return Document(file, problems=tuple(tree.problems))
    return Document(file, tree.root, tree.spots, tuple(tree.problems))


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _Fault(f"is larger than {MAX_BYTES // 1024 // 1024} MB", (1, 1))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        place = (before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise _Fault(f"byte 0x{data[error.start]:02x} is not UTF-8", place) from error


def _events(text: str) -> Iterator[Event]:
    try:
        parser = yaml.CBaseLoader(text)
        while (event := parser.get_event()) is not None:
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f" {error.context}" if error.context else ""
        raise _Fault(f"not YAML: {error.problem}{context}", _place(mark)) from error
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position].decode(errors="ignore")
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise _Fault(f"not YAML: {error.reason}", place) from error


def _place(mark: Any) -> Place:
    """The place of a mark; libyaml's marks and PyYAML's own are two types with the same fields."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def plain(text: str) -> Any:
    """The value of an unquoted scalar (YAML 1.2.2, 10.3.2).

    What is no number that we could keep exactly or at all (`.inf`, `.nan`, `1e999`, an integer of
    more than 30 digits) stays text.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return int(text, 0) if _RADIX.fullmatch(text) else text


class _Level:
    """An open mapping or list. `weight` counts the values in it with aliases written out."""

    __slots__ = ("anchor", "container", "dropping", "key", "key_place", "place", "spots", "weight")

    def __init__(self, container: Any, place: Place, anchor: str | None) -> None:
        self.container = container
        self.place = place
        self.anchor = anchor
        self.spots: dict[str | int, Spot] = {}
        self.weight = 1
        self.key: str | None = None
        self.key_place = place
        self.dropping = False


class _Tree:
    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Any = None
        self.spots: dict[int, dict[str | int, Spot]] = {}
        self.problems: list[Problem] = []
        self._levels: list[_Level] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0
        self._kept: list[Any] = []
        self._takers: dict[type[Event], Callable[[Any], None]] = {
            ScalarEvent: self._scalar,
            MappingStartEvent: self._open,
            SequenceStartEvent: self._open,
            MappingEndEvent: self._close,
            SequenceEndEvent: self._close,
            AliasEvent: self._alias,
            DocumentStartEvent: self._document,
        }

    def take(self, event: Event) -> None:
        taker = self._takers.get(type(event))
        if taker is not None:
            taker(event)

    def report(self, message: str, place: Place, hint: str = "") -> None:
        self.problems.append(Problem(message, self.file, *place, hint=hint))

    def _document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _Fault("a second document starts here", _place(event.start_mark), "remove `---`")

    def _scalar(self, event: ScalarEvent) -> None:
        place = _place(event.start_mark)
        level = self._levels[-1] if self._levels else None
        if level is not None and level.key is None and isinstance(level.container, dict):
            self._key(level, event.value, place)
            return
        self._refuse_tag(event, place)
        value = plain(event.value) if event.implicit[0] else event.value
        self._put(value, 1, place, event.anchor)

    def _key(self, level: _Level, key: str, place: Place) -> None:
        level.key, level.key_place = key, place
        level.dropping = key in level.container
        if level.dropping:
            first = level.spots[key].key
            hint = f"the first is at line {first[0]}"
            self.report(f"key `{key}` is given twice", place, hint)

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        place = _place(event.start_mark)
        self._refuse_key(place)
        self._refuse_tag(event, place)
        if len(self._levels) >= MAX_DEPTH:
            raise _Fault(f"is nested more than {MAX_DEPTH} levels deep", place)
        container: Any = {} if isinstance(event, MappingStartEvent) else []
        self._kept.append(container)
        self._levels.append(_Level(container, place, event.anchor))

    def _close(self, _: Event) -> None:
        level = self._levels.pop()
        self.spots[id(level.container)] = level.spots
        self._put(level.container, level.weight, level.place, level.anchor)

    def _alias(self, event: AliasEvent) -> None:
        place = _place(event.start_mark)
        self._refuse_key(place)
        known = self._anchors.get(event.anchor or "")
        if known is None:
            raise _Fault(f"`*{event.anchor}` names no anchor that is complete here", place)
        self._put(*known, place, None)

    def _put(self, value: Any, weight: int, place: Place, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, weight)
        if not self._levels:
            self.root = value
            return
        level = self._levels[-1]
        level.weight += weight
        if level.weight > MAX_VALUES:
            raise _Fault(f"holds more than {MAX_VALUES:,} values, aliases written out", place)
        if isinstance(level.container, list):
            level.spots[len(level.container)] = Spot(place, place)
            level.container.append(value)
            return
        if level.key is not None and not level.dropping:
            level.spots[level.key] = Spot(level.key_place, place)
            level.container[level.key] = value
        level.key = None

    def _refuse_key(self, place: Place) -> None:
        level = self._levels[-1] if self._levels else None
        if level is not None and level.key is None and isinstance(level.container, dict):
            raise _Fault("a key must be a plain text", place)

    def _refuse_tag(self, event: Any, place: Place) -> None:
        if event.tag not in (None, "!"):
            self.report(f"tag `{event.tag}` is not supported", place, "remove it")
