"""Which rows are known, and how far the source has been read. Pure: no clock, no source."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from gateway.errors import DeviceUnavailable
from gateway.keys import content_digest
from gateway.model import sentence
from gateway.rows.entry import Cell, Entry, Statement, cells, changed, first, vanished
from gateway.rows.row import Fetched, Position, Refused, Row, Values

MOST_KNOWN = 50_000
_FEWEST_TO_PRUNE = 1_024
_MOST_REFUSED = 1_000

Said: TypeAlias = Mapping[str, Statement]
"""What a row says, by code."""


@dataclass(frozen=True, slots=True)
class _Known:
    at: datetime
    cells: Mapping[str, Cell]
    row: Row | None = None


class Ledger:
    """The rows of one device since `lookback` seconds before the furthest one.

    `overlap` is read again with every poll, `lookback` with a deep one: a late row, or one from a
    clock that stepped back, is found when it lies within. With no overlap each row is asked for
    once. With `withdraws` it keeps the rows themselves, for those that vanish.
    """

    def __init__(self, overlap: float, lookback: float, *, withdraws: bool = False) -> None:
        self._withdraws = withdraws
        self._missed: frozenset[str] = frozenset()
        self._overlap = timedelta(seconds=overlap)
        self._lookback = timedelta(seconds=max(overlap, lookback))
        self._known: dict[str, _Known] = {}
        self._refused: dict[bytes, None] = {}
        self._prune_at = _FEWEST_TO_PRUNE
        self._high: Position | None = None

    @property
    def high(self) -> Position | None:
        """The furthest row read and committed."""
        return self._high

    def floor(self, now: datetime, *, deep: bool) -> Position:
        """Where to read from; before the first row, `lookback` before `now`.

        `now` is what the source's clock shows: rows from the future, or written before its clock
        was set back, must not hide those that it writes now.
        """
        if self._high is None:
            return Position(now - self._lookback)
        span = self._lookback if deep else self._overlap
        if not span and self._high.at <= now:
            return self._high
        return Position(min(self._high.at, now) - span)

    def begin(self, at: datetime) -> None:
        """Read from here on, nothing being known."""
        self._high = Position(at)

    def reaches(self, at: datetime, now: datetime) -> bool:
        """Whether a poll may still read a row of that time."""
        return self._high is None or at >= min(self._high.at, now) - self._lookback

    def sift(self, row: Fetched, said: Said) -> Entry | None:
        """What is new about a row; None if it says what is known."""
        if isinstance(row, Refused):
            return None if _content(row.values) in self._refused else Entry(row)
        known = self._known.get(str(row.key))
        return first(row) if known is None else changed(row, known.cells, said)

    def remember(self, entry: Entry, said: Said) -> None:
        """Take note of an entry that is committed, or that the journal holds; oldest first."""
        row = entry.row
        if isinstance(row, Refused):
            self._refuse(_content(row.values))
            return
        known = self._known.get(str(row.key))
        self._known[str(row.key)] = _Known(
            row.at,
            cells(entry, known.cells if known else {}, entry.holds(said)),
            row if self._withdraws else None,
        )

    def vanished(
        self, start: datetime, seen: Collection[str | None], counts: Callable[[Row], bool]
    ) -> Sequence[Entry]:
        """Rows that `counts`, and that a deep poll from `start` on misses for the second time.

        DeviceUnavailable if more than half of them are missing at once: a table that is being
        filled anew, or a view that lost its rights, cancels nothing.
        """
        expected = {
            key: entry
            for key, known in self._known.items()
            if known.row is not None
            and known.at >= start
            and counts(known.row)
            and (entry := vanished(known.row, known.cells)) is not None
        }
        missing = frozenset(key for key in expected if key not in seen)
        if len(missing) > len(expected) // 2:
            raise DeviceUnavailable(
                sentence(
                    "{missing} of {count} rows vanished at once: nothing is taken for cancelled",
                    missing=len(missing),
                    count=len(expected),
                )
            )
        twice, self._missed = missing & self._missed, missing
        return [expected[key] for key in sorted(twice)]

    def advance(self, high: Position | None) -> None:
        """Everything up to `high` is committed; a place that is known already moves nothing."""
        if high is not None:
            self._high = furthest(self._high, high)

    def prune(self, now: datetime) -> None:
        """Forget rows that no poll reads again; DeviceUnavailable if too many are left."""
        if len(self._known) <= self._prune_at:
            return
        self._known = {
            key: known for key, known in self._known.items() if self.reaches(known.at, now)
        }
        self._prune_at = min(MOST_KNOWN, max(_FEWEST_TO_PRUNE, 2 * len(self._known)))
        if len(self._known) > MOST_KNOWN:
            raise DeviceUnavailable(
                sentence(
                    "more than {count} rows within its lookback of {span}: shorten lookback and"
                    " overlap, or correct the time column",
                    count=MOST_KNOWN,
                    span=self._lookback,
                )
            )

    def _refuse(self, content: bytes) -> None:
        self._refused[content] = None
        if len(self._refused) > _MOST_REFUSED:
            del self._refused[next(iter(self._refused))]


def furthest(one: Position | None, other: Position) -> Position:
    """The later of two; the order of keys is the source's own, so of equal times the second."""
    return one if one is not None and one.at > other.at else other


def _content(values: Values) -> bytes:
    return content_digest(json.dumps(dict(values), sort_keys=True, ensure_ascii=False).encode())
