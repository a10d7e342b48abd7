"""A record's parts as a tree to read, bounded however large the record is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.console.text.reader import Reader
from gateway.driver import Part, Whole
from gateway.model import RawId

_MOST = 2_000
_LONGEST = 300
_FEW = 40


@dataclass(frozen=True, slots=True)
class Branch:
    """One part in the reader's words; `start` and `end` are offsets in the record."""

    label: str
    text: str
    start: int
    end: int
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """`small`: few enough to be shown unfolded. `cut`: there are more parts than are shown."""

    branches: tuple[Branch, ...]
    small: bool
    cut: bool


def anatomy(parts: Sequence[Part], reader: Reader) -> Anatomy:
    """The first parts of a record, in the order of their bytes."""
    grower = _Grower(reader)
    branches = tuple(grower.grow(parts))
    return Anatomy(branches, grower.count <= _FEW, grower.cut)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message that crossed in several records, in the reader's words.

    `records` are the raw ids of those it lies in; `own`: the one that is looked at is among them.
    """

    label: str
    text: str
    records: tuple[RawId, ...]
    own: bool
    pieces: tuple[Piece, ...]


def piece_by_piece(whole: Whole, raw_id: RawId, reader: Reader) -> tuple[Sequence[Piece], bool]:
    """The first parts of a message, and whether there are more."""
    tree = anatomy(whole.parts, reader)
    return [_piece(branch, whole, raw_id) for branch in tree.branches], tree.cut


def _piece(branch: Branch, whole: Whole, raw_id: RawId) -> Piece:
    ends = [end for _, end in whole.pieces]
    first, last = bisect_right(ends, branch.start), bisect_left(ends, branch.end)
    records = tuple(number for number, _ in whole.pieces[first : last + 1])
    inner = tuple(_piece(each, whole, raw_id) for each in branch.branches)
    return Piece(branch.label, branch.text, records, raw_id in records, inner)


class _Grower:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.count = 0
        self.cut = False

    def grow(self, parts: Sequence[Part]) -> Iterator[Branch]:
        for part in parts:
            if self.count >= _MOST:
                self.cut = True
                return
            self.count += 1
            more = "…" if len(part.text) > _LONGEST else ""
            yield Branch(
                self._reader.text(part.label),
                part.text[:_LONGEST] + more,
                part.start,
                part.end,
                tuple(self.grow(part.children)),
            )
