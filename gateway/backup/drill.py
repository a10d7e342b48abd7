"""The drill: a backup is restored, opened and read, as it would be after a loss."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import apsw

from gateway.backup.chain import Backup
from gateway.backup.restore import STORE, lay_out
from gateway.errors import StoreError
from gateway.seal import Keyring, Progress
from gateway.sqlite import is_sealed, open_sealed
from gateway.store import DataDirectory, prove

_OWNER_ONLY = 0o700
_LEFT_FREE = 1 << 30


class NoRoom(StoreError):  # noqa: N818 - a state of the world
    """There is no room for a drill: this says nothing of the backup."""


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill read, all of it authentic: `rows` counted, `events` and `records` opened."""

    folder: str
    last_seq: int
    files: int
    bytes: int
    rows: int
    events: int
    records: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def drill(chain: Sequence[Backup], scratch: Path, ring: Keyring, progress: Progress) -> Drill:
    """Restore the last backup of a chain into a scratch folder, read it, and remove it.

    Every file is compared with the manifest by its digest and the rows of its tables; events,
    records and sealed tables are opened with the keyring, as a gateway would. StoreError says what
    is wrong with the backup; NoRoom: it was not tried.
    """
    manifest = chain[-1].manifest
    size = sum(file.size for file in manifest.files)
    _make_room(scratch, size)
    try:
        lay_out(chain, scratch, ring, progress)
        proof = prove(DataDirectory(scratch / STORE).segments, ring)
        _read_sealed([scratch / file.name for file in manifest.files], ring)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if proof.last_seq > manifest.last_seq:
        raise StoreError(
            f"{chain[-1].folder} says that it ends at event {manifest.last_seq}, and holds"
            f" {proof.last_seq}"
        )
    return Drill(
        folder=chain[-1].folder.name,
        last_seq=manifest.last_seq,
        files=len(manifest.files),
        bytes=size,
        rows=sum(count for file in manifest.files for count in file.rows.values()),
        events=proof.events,
        records=proof.records,
    )


def _read_sealed(paths: Sequence[Path], ring: Keyring) -> None:
    for path in filter(is_sealed, paths):
        try:
            with closing(open_sealed(path, ring)) as connection:
                if connection.pragma("integrity_check") != "ok":
                    raise StoreError(f"{path.name} is damaged: use another backup")
        except apsw.Error as error:
            raise StoreError(f"{path.name} is damaged: {error}: use another backup") from error


def _make_room(scratch: Path, size: int) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=_OWNER_ONLY, parents=True)
    free = shutil.disk_usage(scratch).free
    if free < size + _LEFT_FREE:
        scratch.rmdir()
        raise NoRoom(
            f"the drill needs {(size + _LEFT_FREE) >> 20} MiB beside {scratch}, and"
            f" {free >> 20} MiB are free: free space, or name another `scratch`"
        )
