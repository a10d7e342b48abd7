"""One moment of every segment, held while it is copied; what is committed later is not in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from gateway.model import Instant
from gateway.sqlite import open_reader


@dataclass(frozen=True, slots=True)
class Pinned:
    """A file of a cut. A `closed` one never changes: its own path holds its content."""

    path: Path
    closed: bool
    connection: apsw.Connection

    def size(self) -> int:
        """Bytes of its copy."""
        pages: int = self.connection.pragma("page_count")
        page: int = self.connection.pragma("page_size")
        return pages * page

    def copy(self, target: Path) -> None:
        """Write it as it was at the moment of the cut, synced."""
        with closing(apsw.Connection(str(target))) as copy:
            with copy.backup("main", self.connection, "main") as copying:
                copying.step(-1)
            copy.execute("PRAGMA journal_mode=DELETE")
        with target.open("rb+") as file:
            os.fsync(file.fileno())


class Cut:
    """Snapshots made between two commits. Events up to `last_seq` are in it, none after.

    `last_seq` may be above that of the last event, where seqs were skipped: none up to it is given
    again. No wire record that it holds has an id of `raw_ids` or above.
    """

    def __init__(self, made_at: Instant, last_seq: int, raw_ids: int) -> None:
        self.made_at, self.last_seq, self.raw_ids = made_at, last_seq, raw_ids
        self.files: list[Pinned] = []

    def pin(self, files: Iterable[tuple[Path, bool]]) -> None:
        """Hold `(path, closed)`; made between two commits."""
        try:
            for path, closed in files:
                connection = open_reader(path, immutable=closed)
                self.files.append(Pinned(path, closed, connection))
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for file in self.files:
            file.connection.close()
        self.files.clear()
