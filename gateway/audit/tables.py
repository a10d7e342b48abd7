"""The file of the chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from gateway.audit.chain import START, Row
from gateway.errors import StoreError
from gateway.model import Instant
from gateway.seal import KEY_AT
from gateway.sqlite import open_reader, open_writer, transaction

_FORMAT = 1
_ALL_OF_THEM = 1 << 62
_SCHEMA = """
CREATE TABLE entry(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL,
  who TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL,
  patient BLOB NOT NULL, body BLOB NOT NULL, mac BLOB NOT NULL
);
CREATE INDEX entry_at ON entry(at);
CREATE INDEX entry_who ON entry(who, seq);
CREATE INDEX entry_patient ON entry(patient, seq) WHERE patient <> x'';
CREATE TABLE sent(seq INTEGER NOT NULL);
INSERT INTO sent VALUES(0);
"""
_INSERT = "INSERT INTO entry VALUES(?,?,?,?,?,?,?,?)"
_ALL = "SELECT * FROM entry ORDER BY seq"
_KEYS = "SELECT DISTINCT substr(body, ?, 2) FROM entry"
_LATEST = "SELECT * FROM entry ORDER BY seq DESC LIMIT 2"
_MAC = "SELECT mac FROM entry WHERE seq = ?"
_AFTER = "SELECT * FROM entry WHERE seq > ? ORDER BY seq LIMIT ?"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; empty means any.

    `action` may be an area with its dot (`alarms.`); `patient` holds the
    keyed hashes of one patient.
    """

    who: str = ""
    action: str = ""
    patient: tuple[bytes, ...] = ()
    since: Instant | None = None
    until: Instant | None = None


class Tables:
    """The open file; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = open_writer(path)
        if self._connection.pragma("user_version") == 0:
            with transaction(self._connection):
                self._connection.execute(_SCHEMA)
                self._connection.execute(f"PRAGMA user_version = {_FORMAT}")

    def close(self) -> None:
        self._connection.close()

    def last(self) -> tuple[int, bytes]:
        """Seq and HMAC of the last entry."""
        sql = "SELECT seq, mac FROM entry ORDER BY seq DESC LIMIT 1"
        return next(iter(self._connection.execute(sql)), (0, START))

    def edges(self) -> Sequence[tuple[bytes, Row]]:
        """The first entry and the last, each with the HMAC before it; none of an empty file."""
        rows = [Row(*row) for row in self._connection.execute(_LATEST)]
        if not rows:
            return ()
        (first,) = map(Row._make, self._connection.execute(_AFTER, (-_ALL_OF_THEM, 1)))
        before = rows[1].mac if len(rows) > 1 else START
        return (START, first), (before, rows[0])

    def add(self, rows: Sequence[Row]) -> None:
        """Commit rows; they are on disk when it returns."""
        with transaction(self._connection):
            self._connection.executemany(_INSERT, rows)

    def find(self, wanted: Filter, before: int | None, limit: int) -> list[Row]:
        """Entries with a seq below `before`, newest first."""
        where = ["seq < ?"]
        binds: list[str | int | bytes] = [before if before is not None else _ALL_OF_THEM]
        for condition, values in _conditions(wanted):
            where.append(condition)
            binds += values
        sql = f"SELECT * FROM entry WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?"  # noqa: S608
        return [Row(*row) for row in self._connection.execute(sql, (*binds, limit))]

    def after(self, seq: int, limit: int) -> list[Row]:
        """Entries above a seq, in order."""
        return [Row(*row) for row in self._connection.execute(_AFTER, (seq, limit))]

    def keys(self) -> set[int]:
        """The ids of the keys that seal bodies."""
        return {int.from_bytes(key) for (key,) in self._connection.execute(_KEYS, (KEY_AT,))}

    def sent(self) -> int:
        """The last entry that a collector has."""
        (seq,) = next(self._connection.execute("SELECT seq FROM sent"))
        return int(seq)

    def mark_sent(self, seq: int) -> None:
        self._connection.execute("UPDATE sent SET seq = ?", (seq,))


def rows_of(path: Path) -> Iterator[Row]:
    """All rows of a file in order, without ever writing it."""
    connection = open_reader(path)
    try:
        yield from map(Row._make, connection.execute(_ALL))
    finally:
        connection.close()


def macs_of(path: Path, seqs: Iterable[int]) -> Mapping[int, bytes]:
    """The HMACs of entries of a file by seq, without ever writing it; of no entry none."""
    with closing(open_reader(path)) as connection:
        return {seq: mac for seq in seqs for (mac,) in connection.execute(_MAC, (seq,))}


def has_entries(path: Path) -> bool:
    """Whether a file has an entry, without ever writing it; StoreError if it can't be read."""
    if not path.exists():
        return False
    try:
        with closing(open_reader(path)) as connection:
            made = connection.pragma("user_version") != 0
            return made and bool(list(connection.execute(_AFTER, (-_ALL_OF_THEM, 1))))
    except apsw.Error as error:
        raise StoreError(f"{path}: the audit can't be read: {error}") from error


def _conditions(wanted: Filter) -> Iterator[tuple[str, Sequence[str | int | bytes]]]:
    if wanted.who:
        yield "who = ?", (wanted.who,)
    if wanted.action:
        yield "action GLOB ?", (_glob(wanted.action),)
    if wanted.patient:
        places = ",".join("?" * len(wanted.patient))
        yield f"patient <> x'' AND patient IN ({places})", wanted.patient
    if wanted.since is not None:
        yield "at >= ?", (wanted.since,)
    if wanted.until is not None:
        yield "at < ?", (wanted.until,)


def _glob(action: str) -> str:
    """An action, or all of an area (`alarms.`), as a pattern without wildcards of the caller's."""
    quoted = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in action)
    return f"{quoted}*" if action.endswith(".") else quoted
