"""What is new about a row, against what it said before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.keys import content_digest
from gateway.rows.row import Fetched, Row

GONE = b"gone"
"""Stands for the content of a cell that a row no longer states."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a row says under one code: a digest of it, and whether it is final."""

    digest: bytes
    final: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """The newest statement under one code, and the digests of those that it replaced, in order."""

    now: Statement
    past: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that was new or had changed, as the journal keeps it.

    Codes in `same` say what they said before; those in `corrects` change a final result; those in
    `gone` are no longer stated, even if `row`, which is no longer there, holds what they were.
    `past` holds, for codes that have changed, the digests of what they said before.
    """

    row: Fetched
    same: tuple[str, ...] = ()
    corrects: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    past: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)

    def occurrence(self, key: bytes, code: str, digest: bytes) -> bytes:
        """Identity of one statement: A, B, then A again are three, A read twice is one."""
        returned = self.past.get(code, ()).count(digest)
        return content_digest(b"row", key, code.encode(), digest, returned.to_bytes(4, "big"))

    def holds(self, said: Mapping[str, Statement]) -> Mapping[str, Statement]:
        """What the entry states of what its row says."""
        return {code: each for code, each in said.items() if code not in self.gone}


def vanished(row: Row, before: Mapping[str, Cell]) -> Entry | None:
    """The entry of a row that is no longer there; None if it was withdrawn before."""
    gone = tuple(code for code, cell in before.items() if cell.now.digest != GONE)
    past = {code: (*before[code].past, before[code].now.digest) for code in gone}
    return Entry(row, gone=gone, past=past) if gone else None


def first(row: Fetched) -> Entry:
    """A row that nobody has seen before."""
    return Entry(row)


def changed(
    row: Fetched, before: Mapping[str, Cell], said: Mapping[str, Statement]
) -> Entry | None:
    """The entry of a row that was seen before; None if it says what it said."""
    same = tuple(code for code, now in said.items() if _is(before.get(code), now))
    gone = tuple(
        code for code, cell in before.items() if code not in said and cell.now.digest != GONE
    )
    if len(same) == len(said) and not gone:
        return None
    moved = [code for code in (*said, *gone) if code in before and code not in same]
    return Entry(
        row,
        same,
        corrects=tuple(code for code in moved if before[code].now.final and code in said),
        gone=gone,
        past={code: (*before[code].past, before[code].now.digest) for code in moved},
    )


def cells(
    entry: Entry, before: Mapping[str, Cell], said: Mapping[str, Statement]
) -> Mapping[str, Cell]:
    """What is known of a row once `entry` is committed."""
    kept = {code: cell for code, cell in before.items() if code not in said}
    stated = {code: Cell(now, _past(entry, before, code)) for code, now in said.items()}
    gone = {
        code: Cell(Statement(GONE, final=True), entry.past.get(code, ())) for code in entry.gone
    }
    return {**kept, **stated, **gone}


def _past(entry: Entry, before: Mapping[str, Cell], code: str) -> tuple[bytes, ...]:
    known = before.get(code)
    return entry.past.get(code) or (known.past if known else ())


def _is(before: Cell | None, now: Statement) -> bool:
    return before is not None and before.now.digest == now.digest
