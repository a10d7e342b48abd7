"""Which segments there are: one file a month and retention class, more where one was closed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.model import Instant, Retention, from_datetime, to_datetime
from gateway.sqlite import sync_folder

_NAME = re.compile(
    r"(?P<month>\d{4}-\d{2})(?:\.(?P<part>\d+))?\.(?P<retention>telemetry|record)"
    r"(?P<closed>\.closed(?:\.r(?P<revision>\d+))?)?\.sqlite"
)
_SIDES = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True, order=True)
class SegmentFile:
    """One file: `2026-11.telemetry.sqlite`, `2026-11.2.record.closed.sqlite`.

    `month` is UTC, of the first commit. `part` counts from 1; a further one begins when a segment
    is closed within its month. A closed file is never written again; one that is resealed gets a
    further `revision`.
    """

    month: str
    part: int
    retention: Retention
    closed: bool
    folder: Path
    revision: int = 1

    @property
    def path(self) -> Path:
        part = f".{self.part}" if self.part > 1 else ""
        revision = f".r{self.revision}" if self.revision > 1 else ""
        closed = f".closed{revision}" if self.closed else ""
        return self.folder / f"{self.month}{part}.{self.retention}{closed}.sqlite"

    def rewritten(self) -> SegmentFile:
        """The closed file that takes this one's place."""
        return replace(self, closed=True, revision=self.revision + self.closed)

    @property
    def standing(self) -> tuple[bool, int]:
        """Of two files of the same facts, the higher one counts."""
        return self.closed, self.revision

    def remove(self) -> None:
        """Delete the file and what SQLite keeps beside it, durably."""
        for side in _SIDES:
            Path(f"{self.path}{side}").unlink(missing_ok=True)
        sync_folder(self.folder)


class Catalog:
    """The segments on disk, oldest first. Only the writer thread changes it; any thread reads."""

    def __init__(self, folder: Path, files: Iterable[SegmentFile] = ()) -> None:
        self._folder = folder
        self._files = tuple(sorted(files))
        self._frozen: set[SegmentFile] = set()

    @classmethod
    def scan(cls, folder: Path) -> Catalog:
        """Read the folder, and finish or undo a closing that was cut short."""
        for draft in folder.glob("*.new*"):
            draft.unlink()
        found = {file for path in folder.iterdir() if (file := _parse(path)) is not None}
        best: dict[tuple[str, int, Retention], SegmentFile] = {}
        for file in sorted(found, key=lambda file: file.standing):
            place = (file.month, file.part, file.retention)
            if place in best:
                best[place].remove()
            best[place] = file
        return cls(folder, best.values())

    @property
    def files(self) -> tuple[SegmentFile, ...]:
        return self._files

    def of(self, retention: Retention) -> tuple[SegmentFile, ...]:
        return tuple(file for file in self._files if file.retention is retention)

    def current(self, retention: Retention, now: Instant) -> SegmentFile:
        """The segment to write to: this month's, or a later one if the clock stepped back."""
        month = month_of(now)
        existing = self.of(retention)
        if not existing or existing[-1].month < month:
            return SegmentFile(month, 1, retention, closed=False, folder=self._folder)
        last = existing[-1]
        if last.closed or last in self._frozen:
            return replace(last, part=last.part + 1, closed=False)
        return last

    def add(self, file: SegmentFile) -> None:
        self._files = tuple(sorted({*self._files, file}))

    def freeze(self, file: SegmentFile) -> None:
        """Write no more to a segment: it is about to be closed."""
        self._frozen.add(file)

    def discard(self, file: SegmentFile) -> None:
        self._files = tuple(each for each in self._files if each != file)


def month_of(instant: Instant) -> str:
    """The UTC month of an instant: `2026-11`."""
    return f"{to_datetime(instant):%Y-%m}"


def month_start(instant: Instant) -> Instant:
    """The first instant of an instant's UTC month."""
    moment = to_datetime(instant)
    return from_datetime(moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def _parse(path: Path) -> SegmentFile | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    return SegmentFile(
        month=match["month"],
        part=int(match["part"] or 1),
        retention=Retention(match["retention"]),
        closed=bool(match["closed"]),
        folder=path.parent,
        revision=int(match["revision"] or 1),
    )
