"""Laying a backup out as a data directory, and proving that one can be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.backup.archive import (
    check_archive,
    digest_of_file,
    read_archive,
    write_units,
    write_whole,
)
from gateway.backup.chain import Backup, layers_of
from gateway.backup.inspect import rows_in
from gateway.backup.manifest import PURPOSE, Form, Manifest, SavedFile
from gateway.errors import ConfigError, StoreError
from gateway.seal import Keyring, Progress, Sealer
from gateway.sqlite import sync_folder, write_durably
from gateway.store import DATA_FORMAT, DataDirectory

STORE = "store"
_DRAFT = ".restoring"
_SKIPPED_IDS = 1 << 32
_OWNER_ONLY = 0o700


def restore(chain: Sequence[Backup], data: Path, ring: Keyring, progress: Progress) -> Manifest:
    """Lay the last backup of a chain into a data directory that has no store.

    Every file is checked against its digest and counts. Ids of wire records go on far above those
    of the backup, so that none given since is given again. ConfigError: a store is there already,
    or the backup is of another data format. StoreError: something of the chain is damaged.
    """
    manifest = chain[-1].manifest
    if (data / STORE).exists():
        raise ConfigError(f"{data} has a store: restore into a new or empty directory")
    if manifest.data_format != DATA_FORMAT:
        raise ConfigError(
            f"{chain[-1].folder} has data format {manifest.data_format}, and this Isogate reads"
            f" {DATA_FORMAT}: restore it with the version that wrote it"
        )
    draft = data / _DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=_OWNER_ONLY, parents=True)
    lay_out(chain, draft, ring, progress)
    _finish(DataDirectory(draft / STORE), manifest)
    for part in sorted(draft.iterdir(), key=lambda each: each.name == STORE):
        shutil.rmtree(data / part.name, ignore_errors=True)
        part.rename(data / part.name)
        sync_folder(data)
    draft.rmdir()
    return manifest


def lay_out(chain: Sequence[Backup], folder: Path, ring: Keyring, progress: Progress) -> None:
    """Write every file of the last backup of a chain into a folder, synced and checked."""
    sealer, manifest = Sealer(ring, PURPOSE), chain[-1].manifest
    done, total = 0, sum(file.size for file in manifest.files)
    for file in manifest.files:
        progress(done, total)
        path = folder / file.name
        path.parent.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        _lay(chain, file, path, sealer)
        check_file(path, file)
        done += file.size
    progress(total, total)


def check_file(path: Path, file: SavedFile) -> None:
    """StoreError unless a file is as it was saved: by digest, and by the rows of its tables."""
    if path.stat().st_size != file.size or digest_of_file(path) != file.digest:
        raise StoreError(f"{file.name} is not what was backed up: use another backup")
    if (rows := rows_in(path)) != file.rows:
        raise StoreError(f"{file.name} has {rows} rows, and {file.rows} were backed up")


def verify(chain: Sequence[Backup], ring: Keyring, progress: Progress) -> None:
    """Read every archive that a chain needs; StoreError names the first that is damaged."""
    sealer = Sealer(ring, PURPOSE)
    archives = list(_archives(chain))
    total = sum(path.stat().st_size if path.exists() else 0 for path, *_ in archives)
    done = 0
    for path, name, digest in archives:
        progress(done, total)
        check_archive(path, sealer, name, digest)
        done += path.stat().st_size
    progress(total, total)


def _archives(chain: Sequence[Backup]) -> Iterator[tuple[Path, str, str]]:
    for backup in chain:
        for file in backup.manifest.files:
            if file.form is not Form.BASE:
                yield backup.folder / file.archive, file.name, file.archive_digest
    for file in chain[-1].manifest.files:
        layers_of(chain, file.name)


def _lay(chain: Sequence[Backup], file: SavedFile, path: Path, sealer: Sealer) -> None:
    with path.open("wb") as target:
        for folder, layer in layers_of(chain, file.name):
            content = read_archive(folder / layer.archive, sealer, file.name)
            if layer.form is Form.WHOLE:
                write_whole(target, content)
            else:
                write_units(target, content, layer.unit)
        target.truncate(file.size)
        target.flush()
        os.fsync(target.fileno())


def _finish(directory: DataDirectory, manifest: Manifest) -> None:
    """What a store needs beside its files."""
    directory.segments.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    write_durably(directory.format, f"{manifest.data_format}\n".encode())
    write_durably(directory.keyring, f"{manifest.ring}\n".encode())
    write_durably(directory.raw_ids, str(manifest.raw_ids + _SKIPPED_IDS).encode())
    sync_folder(directory.segments)
