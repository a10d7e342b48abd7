"""Laying a backup out as a data directory, and proving that one can be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.backup.archive import (
    check_archive,
    digest_of_file,
    digests_name,
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
_SKIPPED = 1 << 32
"""Numbers that a restore leaves out: more than were given since; 2^21 restores stay below 2^53."""
_OWNER_ONLY = 0o700


def restore(chain: Sequence[Backup], data: Path, ring: Keyring, progress: Progress) -> Manifest:
    """Lay the last backup of a chain into a data directory that holds nothing of what is restored.

    Every file is checked against its digest and counts. Seqs and ids of wire records go on far
    above those of the backup, so that none given since is given again. Nothing is written over or
    removed. ConfigError: something of it is there already, or the backup is of another data
    format. StoreError: something of the chain is damaged, or the disk refuses.
    """
    manifest = chain[-1].manifest
    _refuse_loss(data, manifest)
    if manifest.data_format != DATA_FORMAT:
        raise ConfigError(
            f"{chain[-1].folder} has data format {manifest.data_format}, and this Isogate reads"
            f" {DATA_FORMAT}: restore it with the version that wrote it"
        )
    draft = data / _DRAFT
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=_OWNER_ONLY, parents=True)
        lay_out(chain, draft, ring, progress)
        _finish(DataDirectory(draft / STORE), manifest)
        _refuse_loss(data, manifest)
        for part in sorted(draft.iterdir(), key=lambda each: each.name == STORE):
            part.rename(data / part.name)
            sync_folder(data)
        draft.rmdir()
    except OSError as error:
        raise StoreError(f"{data} can't be restored into: {error}") from error
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
    """Read every archive that a chain needs, and the digests by which it is gone on with.

    StoreError names the first that is damaged.
    """
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
            if file.digests:
                yield backup.folder / file.digests, digests_name(file.name), file.digests_digest
    for file in chain[-1].manifest.files:
        layers_of(chain, file.name)


def _refuse_loss(data: Path, manifest: Manifest) -> None:
    """ConfigError if a part of what is restored is there; an empty folder is none."""
    parts = {STORE, *(Path(file.name).parts[0] for file in manifest.files)}
    if held := [part for part in sorted(parts) if _holds_something(data / part)]:
        raise ConfigError(
            f"{data} has {', '.join(held)}, which the backup would replace: restore into a new"
            " directory, or move all of these to another place first; what came in after the backup"
            " is in them alone"
        )


def _holds_something(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        return next(path.iterdir(), None) is not None
    return path.is_symlink() or path.exists()


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
    write_durably(directory.raw_ids, str(manifest.raw_ids + _SKIPPED).encode())
    write_durably(directory.next_seq, str(manifest.last_seq + _SKIPPED).encode())
    sync_folder(directory.segments)
