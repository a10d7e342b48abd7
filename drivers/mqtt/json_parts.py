"""Where the members of a JSON text stand. Pure."""

from __future__ import annotations

import json
from itertools import accumulate

from gateway import Part, Stretch

_LONGEST = 65_536
_DEEPEST = 20
_BLANK = " \t\r\n"


def json_parts(text: Stretch) -> tuple[Part, ...]:
    """The members of the object or array that a text is; none of anything else."""
    if not text.known or len(text.text) > _LONGEST:
        return ()
    try:
        whole = json.loads(text.text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(whole, dict | list):
        return ()
    return _Walk(text).parts()


class _Walk:
    """Walks a text that is known to be JSON, so that no shape has to be checked."""

    def __init__(self, text: Stretch) -> None:
        self._text = text.text
        self._decoder = json.JSONDecoder()
        sizes = (len(each.encode()) for each in text.text)
        self._offsets = tuple(accumulate(sizes, initial=text.start))

    def parts(self) -> tuple[Part, ...]:
        return self._members(self._skip(0), 0)[0]

    def _members(self, at: int, depth: int) -> tuple[tuple[Part, ...], int]:
        """The members of the object or array that opens at `at`, and where it ends."""
        named = self._text[at] == "{"
        parts: list[Part] = []
        at = self._skip(at + 1)
        while self._text[at] not in "}]":
            part, at = self._member(at, depth, named=named, place=len(parts))
            parts.append(part)
            at = self._skip(at)
            if self._text[at] == ",":
                at = self._skip(at + 1)
        return tuple(parts), at + 1

    def _member(self, at: int, depth: int, *, named: bool, place: int) -> tuple[Part, int]:
        start, label = at, f"[{place}]"
        if named:
            label, at = self._decoder.raw_decode(self._text, at)
            at = self._skip(self._skip(at) + 1)
        children: tuple[Part, ...] = ()
        if self._text[at] in "{[" and depth < _DEEPEST:
            children, end = self._members(at, depth + 1)
            return self._part(label, start, end, "", children), end
        _, end = self._decoder.raw_decode(self._text, at)
        return self._part(label, start, end, self._text[at:end], children), end

    def _part(
        self, label: str, start: int, end: int, text: str, children: tuple[Part, ...]
    ) -> Part:
        return Part(label, self._offsets[start], self._offsets[end], text, children)

    def _skip(self, at: int) -> int:
        while self._text[at] in _BLANK:
            at += 1
        return at
