"""Wild cards of a key: `*` stands for any characters, `?` for one (PS3.4 C.2.2.2.4). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

Fragment: TypeAlias = re.Pattern[str]
"""What stands between two stars: of a known length, so that nothing in it is tried twice."""

_WILD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Fragments of a key in their order; `last` is the length of the last one.

    The first one begins a value, the last one ends it, those between lie where they are found
    first: no place for one that is further right helps the next.
    """

    fragments: tuple[Fragment, ...]
    last: int

    def fits(self, value: str) -> bool:
        """Whether it is the whole value."""
        head, *rest = self.fragments
        if not rest:
            return head.fullmatch(value) is not None
        *middle, tail = rest
        end = len(value) - self.last
        found = head.match(value, 0, max(end, 0))
        for fragment in middle:
            found = found and fragment.search(value, found.end(), end)
        return found is not None and end >= 0 and tail.match(value, end) is not None


def pattern_of(text: str) -> Pattern:
    """The pattern that a key says."""
    fragments = text.split("*")
    return Pattern(tuple(map(_fragment, fragments)), len(fragments[-1]))


def has_wild_cards(text: str) -> bool:
    return _WILD.search(text) is not None


def before_wild_cards(text: str) -> str:
    """How a value that fits begins."""
    return _WILD.split(text, maxsplit=1)[0]


def _fragment(text: str) -> Fragment:
    return re.compile("".join("." if each == "?" else re.escape(each) for each in text), re.DOTALL)
