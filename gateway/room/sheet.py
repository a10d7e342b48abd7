"""A CSV file that people hand in: its charset said openly, its faults by row and column. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.room.words import texts

MOST_BYTES = 512 * 1024
MOST_ROWS = 5000
CHARSETS = ("utf-8", "gb18030")

IMPORT = "import"
"""The link and device that imported bytes and events are from."""

FAULTS = texts(
    "These bytes are no text in this character set.",
    "This is no CSV file.",
    "The file is empty.",
    "The file is too large.",
    "The file has too many rows.",
    "No such column is known.",
    "This column is given twice.",
    "This column is missing.",
    "This is needed.",
    "Nobody says who gave this number out.",
    "This number stands in several rows.",
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text. `also` is another charset that its bytes could be in, to be said openly."""

    text: str
    charset: str
    also: str = ""


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What is wrong, and where: the row counts from 1 with the first line, the column too.

    `text` is a message id, `word` what stands there.
    """

    row: int
    column: int
    text: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row by the names of its columns; what a row leaves out is empty."""

    row: int
    cells: Mapping[str, str]
    head: Mapping[str, int]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    def fault(self, name: str, text: str, word: str = "") -> SheetFault:
        """What is wrong with a column of this row."""
        return SheetFault(self.row, self.head.get(name, 0) + 1, text, word)

    def missing(self, names: Sequence[str]) -> Iterator[SheetFault]:
        """A fault for each column that must say something and doesn't."""
        return (self.fault(name, "This is needed.") for name in names if not self[name])


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column may be called in the first line, and which must be there."""

    words: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]

    def read(self, text: str) -> tuple[Sequence[Line], Sequence[SheetFault]]:
        """The rows that say something, or what is wrong with the file as a whole."""
        try:
            rows = list(csv.reader(text.splitlines(), strict=True))
        except csv.Error as error:
            return (), (SheetFault(1, 1, "This is no CSV file.", str(error)),)
        if not rows:
            return (), (SheetFault(1, 1, "The file is empty."),)
        if len(rows) > MOST_ROWS:
            return (), (SheetFault(MOST_ROWS + 1, 1, "The file has too many rows."),)
        head, faults = self._head(rows[0])
        if faults:
            return (), faults
        return [
            Line(number, _cells(row, head), head)
            for number, row in enumerate(rows[1:], 2)
            if any(cell.strip() for cell in row)
        ], ()

    def _head(self, cells: Sequence[str]) -> tuple[Mapping[str, int], tuple[SheetFault, ...]]:
        """Where each column stands."""
        known = {word: name for name, words in self.words.items() for word in words}
        head: dict[str, int] = {}
        faults = []
        for place, cell in enumerate(cells):
            name = known.get(cell.strip().casefold())
            if name is None:
                faults.append(SheetFault(1, place + 1, "No such column is known.", cell.strip()))
            elif name in head:
                faults.append(SheetFault(1, place + 1, "This column is given twice.", cell.strip()))
            else:
                head[name] = place
        lacking = (name for name in self.needed if name not in head)
        faults += [SheetFault(1, 1, "This column is missing.", name) for name in lacking]
        return head, tuple(faults)


def decode(data: bytes, charset: str = "") -> Decoded | SheetFault:
    """The text of a file in `charset`, or in the one that its bytes prove.

    UTF-8 is proved by a mark or by being valid; short Chinese texts may be valid in both.
    """
    if len(data) > MOST_BYTES:
        return SheetFault(1, 1, "The file is too large.")
    if charset:
        return _strictly(data, charset)
    if data.startswith(b"\xef\xbb\xbf") or data.isascii():
        return _strictly(data, "utf-8")
    found = [each for name in CHARSETS if isinstance(each := _strictly(data, name), Decoded)]
    if not found:
        return _strictly(data, "utf-8")
    first, *rest = found
    return Decoded(first.text, first.charset, rest[0].charset if rest else "")


def _strictly(data: bytes, charset: str) -> Decoded | SheetFault:
    try:
        return Decoded(data.decode(charset).removeprefix("\ufeff"), charset)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        row = before.count(b"\n") + 1
        column = before.rsplit(b"\n", 1)[-1].count(b",") + 1
        text = "These bytes are no text in this character set."
        return SheetFault(row, column, text, charset)


def _cells(row: Sequence[str], head: Mapping[str, int]) -> Mapping[str, str]:
    return {name: row[at].strip() if at < len(row) else "" for name, at in head.items()}
