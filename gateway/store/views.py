"""What is folded from the segments and kept in a file of its own: delete it, and it is rebuilt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import apsw

from gateway.model import Instant
from gateway.sqlite import open_writer, transaction
from gateway.store.latest import PointKey
from gateway.store.query import RollupRow
from gateway.store.rollup import FIVE_MINUTES, HOUR, Bucket, Line, Sum

Width: TypeAlias = Literal["5m", "1h"]

_WIDTHS: dict[Width, int] = {"5m": FIVE_MINUTES, "1h": HOUR}
_FORMAT = 1
_TABLES = """
CREATE TABLE cursor(seq INTEGER NOT NULL);
INSERT INTO cursor VALUES(0);
CREATE TABLE latest(
  device TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY(device, system, code)
) WITHOUT ROWID;
CREATE TABLE line(
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL,
  unit TEXT NOT NULL, simulated INTEGER NOT NULL,
  UNIQUE(device, code, system, unit, simulated)
);
CREATE TABLE rollup(
  line INTEGER NOT NULL, width INTEGER NOT NULL, start INTEGER NOT NULL,
  count INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL, total REAL NOT NULL,
  first REAL NOT NULL, first_at INTEGER NOT NULL, last REAL NOT NULL, last_at INTEGER NOT NULL,
  PRIMARY KEY(line, width, start)
) WITHOUT ROWID;
"""
_FOLD = """
INSERT INTO rollup VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET
  count = count + excluded.count,
  low = min(low, excluded.low),
  high = max(high, excluded.high),
  total = total + excluded.total,
  first = iif(excluded.first_at < first_at, excluded.first, first),
  first_at = min(first_at, excluded.first_at),
  last = iif(excluded.last_at >= last_at, excluded.last, last),
  last_at = max(last_at, excluded.last_at)
"""
_POINT = "INSERT OR REPLACE INTO latest VALUES(?,?,?,?)"
_ROLLUP = """
SELECT device, system, code, unit, simulated, start, count, low, high, total / count, first, last
FROM line JOIN rollup ON rollup.line = line.id
WHERE device = ? AND code = ? AND width = ? AND start >= ? AND start < ? ORDER BY start
"""
_SUMMARY = """
SELECT device, system, code, unit, simulated, min(start), sum(count), min(low), max(high),
  sum(total) / sum(count),
  (SELECT first FROM rollup AS r WHERE r.line = line.id AND r.width = :width
    AND r.start >= :start ORDER BY r.start LIMIT 1),
  (SELECT last FROM rollup AS r WHERE r.line = line.id AND r.width = :width
    AND r.start < :end ORDER BY r.start DESC LIMIT 1)
FROM line CROSS JOIN rollup ON rollup.line = line.id
WHERE width = :width AND start >= :start AND start < :end GROUP BY line.id
"""


class Views:
    """The file; used by one thread at a time. The cursor commits with what it stands for."""

    def __init__(self, path: Path) -> None:
        self._connection = open_writer(path)
        if self._connection.pragma("user_version") == 0:
            with transaction(self._connection):
                self._connection.execute(_TABLES)
                self._connection.execute(f"PRAGMA user_version = {_FORMAT}")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._lines = self._load_lines()

    def close(self) -> None:
        self._connection.close()

    def cursor(self) -> int:
        """The last seq folded."""
        return int(self._connection.execute("SELECT seq FROM cursor").get)

    def latest(self) -> dict[tuple[str, PointKey], int]:
        """The seq of each point's newest stored event."""
        rows = self._connection.execute("SELECT * FROM latest")
        return {(device, (system, code)): seq for device, system, code, seq in rows}

    def write(
        self,
        cursor: int,
        sums: Iterable[tuple[Bucket, Sum]],
        latest: Iterable[tuple[str, PointKey, int]],
    ) -> None:
        """Fold sums into both widths and move the cursor, in one transaction."""
        points = [(device, *key, seq) for device, key, seq in latest]
        try:
            with transaction(self._connection):
                self._connection.executemany(_FOLD, self._rows(sums))
                self._connection.executemany(_POINT, points)
                self._connection.execute("UPDATE cursor SET seq = ?", (cursor,))
        except apsw.Error:
            self._lines = self._load_lines()
            raise

    def rollup(
        self, device: str, code: str, start: Instant, end: Instant, width: Width
    ) -> list[RollupRow]:
        """The buckets of a device's code that start in [start, end)."""
        binds = (device, code, _WIDTHS[width], start, end)
        return [_row(*found) for found in self._connection.execute(_ROLLUP, binds)]

    def summary(self, start: Instant, end: Instant, width: Width) -> list[RollupRow]:
        """One row per line of any device over the buckets that start in [start, end)."""
        binds = {"width": _WIDTHS[width], "start": start, "end": end}
        return [_row(*found) for found in self._connection.execute(_SUMMARY, binds)]

    def forget_before(self, instant: Instant) -> None:
        """Drop five-minute buckets; the hours stay."""
        self._connection.execute(
            "DELETE FROM rollup WHERE width = ? AND start < ?", (FIVE_MINUTES, instant)
        )

    def _rows(self, sums: Iterable[tuple[Bucket, Sum]]) -> Iterator[tuple[float, ...]]:
        for (line, start), kept in sums:
            number = self._line(line)
            figures = (
                kept.count,
                kept.low,
                kept.high,
                kept.total,
                kept.first,
                kept.first_at,
                kept.last,
                kept.last_at,
            )
            for width in _WIDTHS.values():
                yield (number, width, start - start % width, *figures)

    def _line(self, line: Line) -> int:
        number = self._lines.get(line)
        if number is None:
            number = self._lines[line] = len(self._lines) + 1
            self._connection.execute("INSERT INTO line VALUES(?,?,?,?,?,?)", (number, *line))
        return number

    def _load_lines(self) -> dict[Line, int]:
        rows = self._connection.execute("SELECT * FROM line")
        return {(*row[1:5], bool(row[5])): row[0] for row in rows}


def _row(device: str, system: str, code: str, unit: str, *rest: float) -> RollupRow:
    simulated, start, count, low, high, mean, first, last = rest
    return RollupRow(
        device=device,
        system=system,
        code=code,
        unit=unit,
        simulated=bool(simulated),
        start=Instant(int(start)),
        count=int(count),
        low=low,
        high=high,
        mean=mean,
        first=first,
        last=last,
    )
