"""Backup and restore: one consistent cut of every file, verified by count and hash."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import apsw

from gateway.errors import ConfigError, StoreError
from gateway.model import Instant, to_datetime
from gateway.sqlite import open_reader, sync_folder, write_durably
from gateway.store import schema
from gateway.store.directory import DataDirectory

_MANIFEST = "manifest.json"
_SKIPPED_IDS = 1 << 32
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class SavedFile:
    """One file of a backup. `rows` counts the rows of each table."""

    name: str
    size: int
    sha256: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds. Events up to `last_seq` are in it, none after."""

    format: int
    made_at: str
    last_seq: int
    raw_ids: int
    files: tuple[SavedFile, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


class Cut:
    """Snapshots of every file at one moment; what is committed later is not in them.

    What derives from events is to be given before the segments, so that no projection is ahead
    of its events.
    """

    def __init__(self, root: Path, files: Iterable[tuple[Path, bool]]) -> None:
        """Open `(file, immutable)` pairs under `root`; made between two commits."""
        self._open: dict[str, apsw.Connection] = {}
        try:
            for path, immutable in files:
                self._pin(str(path.relative_to(root)), open_reader(path, immutable=immutable))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()

    def save(self, folder: Path) -> Iterator[SavedFile]:
        """Copy each snapshot into `folder`, in its final form, synced."""
        for name, source in self._open.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, target)
            yield inspect_file(folder, name)

    def _pin(self, name: str, connection: apsw.Connection) -> None:
        self._open[name] = connection
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()


def save(cut: Cut, target: Path, made_at: Instant, last_seq: int, raw_ids: int) -> BackupReport:
    """Write a cut and its manifest to a new directory, which appears when it is verified."""
    if target.exists():
        raise StoreError(f"{target} exists: a backup goes into a new directory")
    draft = target.with_name(target.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    report = BackupReport(
        schema.FORMAT, to_datetime(made_at).isoformat(), last_seq, raw_ids, tuple(cut.save(draft))
    )
    write_durably(draft / _MANIFEST, json.dumps(asdict(report), indent=2).encode())
    verify(draft)
    draft.rename(target)
    sync_folder(target.parent)
    return report


def verify(folder: Path) -> BackupReport:
    """Check every file of a backup against its manifest; StoreError names one that differs."""
    report = _read_manifest(folder)
    for saved in report.files:
        if not (folder / saved.name).is_file() or inspect_file(folder, saved.name) != saved:
            raise StoreError(f"{folder / saved.name} is not what was backed up: use another backup")
    return report


def restore(source: Path, target: Path) -> BackupReport:
    """Verify a backup and lay it out as a data directory, which must not exist or be empty.

    Ids of wire records go on far above those of the backup, so that none given since is given
    again.
    """
    if target.exists() and any(target.iterdir()):
        raise ConfigError(f"{target} is not empty: restore into a new data directory")
    report = verify(source)
    draft = target.with_name(target.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    for saved in report.files:
        (draft / saved.name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(source / saved.name, draft / saved.name)
        _sync_file(draft / saved.name)
    directory = DataDirectory(draft)
    directory.segments.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(directory.format, f"{report.format}\n".encode())
    write_durably(directory.raw_ids, str(report.raw_ids + _SKIPPED_IDS).encode())
    sync_folder(directory.segments)
    draft.replace(target)
    sync_folder(target.parent)
    return report


def inspect_file(folder: Path, name: str) -> SavedFile:
    """Hash a file, check that it is a sound database, and count its rows."""
    path = folder / name
    with closing(open_reader(path, immutable=True)) as connection:
        if connection.pragma("quick_check") != "ok":
            raise StoreError(f"{path} is damaged: restore another backup")
        tables = [name for (name,) in connection.execute(_TABLES)]
        rows = {table: _count(connection, table) for table in tables}
    return SavedFile(name, path.stat().st_size, _sha256(path), rows)


_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def _count(connection: apsw.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').get)  # noqa: S608


def _copy(source: apsw.Connection, path: Path) -> None:
    with closing(apsw.Connection(str(path))) as target:
        with target.backup("main", source, "main") as copying:
            copying.step(-1)
        target.execute("PRAGMA journal_mode=DELETE")
    _sync_file(path)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _read_manifest(folder: Path) -> BackupReport:
    try:
        found: dict[str, Any] = json.loads((folder / _MANIFEST).read_bytes())
        files = tuple(SavedFile(**each) for each in found.pop("files"))
        report = BackupReport(**found, files=files)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{folder} is not a backup of Isogate: {error}") from error
    if report.format != schema.FORMAT:
        raise ConfigError(
            f"{folder} has data format {report.format}, and this Isogate reads"
            f" {schema.FORMAT}: restore it with the version that wrote it"
        )
    return report
