"""The backups of a target directory, and what each of them stands on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.backup.manifest import Form, Kind, Manifest, SavedFile, digest_of
from gateway.backup.manifest import read_manifest as _read
from gateway.errors import ConfigError, StoreError
from gateway.model import Instant
from gateway.seal import Sealer

_FOLDER = re.compile(r"\d{4,}-\d{8}T\d{6}Z-(full|increment)")
_LEFT = re.compile(r"\.part-(gone-)?" + _FOLDER.pattern)


@dataclass(frozen=True, slots=True)
class Backup:
    """One complete backup, and where it lies."""

    folder: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Shelf:
    """All backups of a target, oldest first; `damaged` says what can't be read, and why."""

    backups: tuple[Backup, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def latest(self) -> Backup | None:
        return self.backups[-1] if self.backups else None

    @property
    def number(self) -> int:
        """That of the next backup."""
        return 1 + max((each.manifest.number for each in self.backups), default=0)

    def until(self, moment: Instant | None) -> Backup:
        """The latest backup made up to a moment, or of all; ConfigError if there is none."""
        found = [each for each in self.backups if moment is None or each.manifest.made_at <= moment]
        if not found:
            raise ConfigError("no backup is there from that time or before")
        return found[-1]

    def chain(self, backup: Backup) -> list[Backup]:
        """The backup and all that it stands on, the full one first.

        StoreError: one of them is gone, or is another one.
        """
        chain = [backup]
        while chain[0].manifest.kind is not Kind.FULL:
            wanted = chain[0].manifest
            base = next((each for each in self.backups if each.folder.name == wanted.base), None)
            if base is None or digest_of(base.manifest) != wanted.base_digest:
                raise StoreError(
                    f"{chain[0].folder} is based on {wanted.base}, which is gone or another one:"
                    " use an older backup"
                )
            chain.insert(0, base)
        return chain

    def chains(self) -> list[list[Backup]]:
        """Each full backup with the increments that follow it."""
        found: list[list[Backup]] = []
        for each in self.backups:
            if each.manifest.kind is Kind.FULL or not found:
                found.append([])
            found[-1].append(each)
        return found


def shelf_of(target: Path, sealer: Sealer) -> Shelf:
    """What a target holds. A folder that a crash left unfinished is none of it.

    StoreError: nobody can look, as on a share that is gone.
    """
    found: list[Backup] = []
    damaged: list[str] = []
    try:
        folders = sorted(target.iterdir()) if target.is_dir() else []
    except OSError as error:
        raise StoreError(f"{target} can't be looked at: {error.strerror}: is it there?") from error
    for folder in (each for each in folders if _FOLDER.fullmatch(each.name)):
        try:
            found.append(Backup(folder, _read(folder, sealer)))
        except (StoreError, ConfigError) as error:
            damaged.append(str(error))
    found.sort(key=lambda backup: backup.manifest.number)
    return Shelf(tuple(found), tuple(damaged))


def is_left_over(folder: Path) -> bool:
    """Whether a folder of a target is a backup that a crash left unfinished, or half removed."""
    return _LEFT.fullmatch(folder.name) is not None


def flaw_of(chain: Sequence[Backup]) -> str:
    """Why nothing more can stand on a chain, as far as a look at its folders tells; or empty.

    Every archive that its last backup needs is to be there, with its size.
    """
    needed = {file.name for file in chain[-1].manifest.files}
    for backup in reversed(chain):
        for file in backup.manifest.files:
            if file.name not in needed:
                continue
            if file.form is not Form.BASE and (flaw := _flaw(backup.folder / file.archive, file)):
                return flaw
            if file.form is Form.WHOLE:
                needed.discard(file.name)
    return f"{chain[-1].folder} lacks {min(needed)}" if needed else ""


def _flaw(archive: Path, file: SavedFile) -> str:
    try:
        size = archive.stat().st_size
    except OSError as error:
        return f"{archive} can't be read: {error.strerror}"
    if size == 0 or file.archive_size not in (0, size):
        return f"{archive} has {size} bytes, and {file.archive_size or 'more'} were written"
    return ""


def layers_of(chain: Sequence[Backup], name: str) -> list[tuple[Path, SavedFile]]:
    """Where a file of the last backup in a chain lies: whole first, then what changed.

    StoreError: the chain does not hold it.
    """
    layers: list[tuple[Path, SavedFile]] = []
    for backup in reversed(chain):
        file = backup.manifest.file(name)
        if file is None:
            break
        if file.form is not Form.BASE:
            layers.insert(0, (backup.folder, file))
        if file.form is Form.WHOLE:
            return layers
    raise StoreError(f"{chain[-1].folder}: {name} is in none of its backups: use an older one")
