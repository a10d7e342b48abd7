"""Making a backup: it appears when all of it is on disk and has been read back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.backup.archive import Units, archive_key, check_archive, read_archive, write_archive
from gateway.backup.chain import Backup, Shelf, layers_of
from gateway.backup.inspect import rows_in
from gateway.backup.manifest import (
    PURPOSE,
    Form,
    Kind,
    Manifest,
    SavedFile,
    digest_of,
    write_manifest,
)
from gateway.errors import StoreError
from gateway.model import Instant
from gateway.room import Source
from gateway.seal import Keyring, Progress, Sealer
from gateway.sqlite import sync_folder
from gateway.store import DATA_FORMAT

_DRAFT = ".part-"
_OWNER_ONLY = 0o700
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be saved, of which moment, and where to; `keys` seal what is in it."""

    target: Path
    kind: Kind
    made_at: Instant
    last_seq: int
    raw_ids: int
    keys: tuple[int, ...]
    sources: Sequence[Source]
    scratch: Path


def make_backup(order: Order, shelf: Shelf, ring: Keyring, progress: Progress) -> Manifest:
    """Write it beside the others of the target; an increment becomes a full one without a base.

    `progress` is told bytes, and may raise to stop. Whatever raises, no half of it counts.
    """
    sealer = Sealer(ring, PURPOSE, ring.active)
    base = _base(shelf)
    manifest = Manifest(
        number=shelf.number,
        kind=Kind.INCREMENT if base and order.kind is Kind.INCREMENT else Kind.FULL,
        made_at=order.made_at,
        data_format=DATA_FORMAT,
        ring=ring.name,
        keys=order.keys,
        last_seq=order.last_seq,
        raw_ids=order.raw_ids,
        files=(),
    )
    if base is not None and manifest.kind is Kind.INCREMENT:
        latest = base[-1]
        manifest = replace(
            manifest, base=latest.folder.name, base_digest=digest_of(latest.manifest)
        )
    draft = _new_draft(order.target, manifest.folder)
    try:
        writing = _Writing(order, draft, manifest.kind, base or [], ring, sealer, progress)
        manifest = replace(manifest, files=tuple(writing.files()))
        write_manifest(draft, manifest, sealer)
        sync_folder(draft)
        draft.rename(order.target / manifest.folder)
        sync_folder(order.target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


@dataclass(slots=True)
class _Writing:
    order: Order
    draft: Path
    kind: Kind
    base: Sequence[Backup]
    ring: Keyring
    sealer: Sealer
    progress: Progress
    done: int = 0
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = sum(source.size for source in self.order.sources)

    def files(self) -> Iterator[SavedFile]:
        for number, source in enumerate(self.order.sources):
            self.progress(self.done, self.total)
            yield self._file(f"{number:04}.archive", source)
            self.done += source.size
        self.progress(self.total, self.total)

    def _file(self, archive: str, source: Source) -> SavedFile:
        if source.unit == 0 and (same := self._unchanged(archive, source)) is not None:
            return same
        scratch = self.order.scratch / source.name
        scratch.parent.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        path = source.content(scratch)
        try:
            return self._saved(archive, source, path)
        finally:
            scratch.unlink(missing_ok=True)

    def _saved(self, archive: str, source: Source, path: Path) -> SavedFile:
        before = self._digests(source) if source.unit else b""
        units = Units(path, source.unit or _READ, before)
        content = units.changed() if before else units.whole()
        digest = write_archive(self.draft / archive, self.sealer, source.name, self._told(content))
        check_archive(self.draft / archive, self.sealer, source.name, digest)
        saved = SavedFile(
            name=source.name,
            size=units.size,
            digest=units.digest,
            form=Form.UNITS if before else Form.WHOLE,
            archive=archive,
            archive_digest=digest,
            rows=rows_in(path),
            unit=source.unit,
        )
        if not source.unit:
            return saved
        digests = archive.replace(".archive", ".digests")
        name = _digests_name(source.name)
        kept = write_archive(self.draft / digests, self.sealer, name, (units.digests,))
        return replace(saved, digests=digests, digests_digest=kept)

    def _unchanged(self, archive: str, source: Source) -> SavedFile | None:
        """A file that never changes, as an earlier backup holds it."""
        if not self.base or (known := self.base[-1].manifest.file(source.name)) is None:
            return None
        if self.kind is Kind.INCREMENT:
            return replace(known, form=Form.BASE, archive="", archive_digest="")
        return self._linked(archive, source)

    def _linked(self, archive: str, source: Source) -> SavedFile | None:
        """The archive of an earlier backup under a further name, if it is sound and current."""
        try:
            ((folder, known),) = layers_of(self.base, source.name)
            if archive_key(folder / known.archive) != self.ring.active.id:
                return None
            os.link(folder / known.archive, self.draft / archive)
            check_archive(self.draft / archive, self.sealer, source.name, known.archive_digest)
        except (OSError, StoreError):
            (self.draft / archive).unlink(missing_ok=True)
            return None
        return replace(known, archive=archive)

    def _digests(self, source: Source) -> bytes:
        """Those of the units in the base; nothing if all of the file is to be saved."""
        if self.kind is Kind.FULL or not self.base:
            return b""
        backup = self.base[-1]
        known = backup.manifest.file(source.name)
        if known is None or known.unit != source.unit or not known.digests:
            return b""
        path = backup.folder / known.digests
        check_archive(path, self.sealer, _digests_name(source.name), known.digests_digest)
        return b"".join(read_archive(path, self.sealer, _digests_name(source.name)))

    def _told(self, content: Iterator[bytes]) -> Iterator[bytes]:
        done, step = self.done, self.done
        for data in content:
            done += len(data)
            if done - step >= _READ:
                step = done
                self.progress(min(done, self.total), self.total)
            yield data


def drop_drafts(target: Path) -> None:
    """Remove what a crash left unfinished."""
    for draft in target.glob(f"{_DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)


def drop_chain(target: Path, chain: Sequence[Backup]) -> None:
    """Remove backups, so that none of them counts any more before any of them is incomplete."""
    for backup in reversed(chain):
        gone = target / f"{_DRAFT}gone-{backup.folder.name}"
        backup.folder.rename(gone)
        sync_folder(target)
        shutil.rmtree(gone)


def _base(shelf: Shelf) -> list[Backup] | None:
    """The chain of the latest backup, if it is whole."""
    latest = shelf.latest
    if latest is None:
        return None
    try:
        return shelf.chain(latest)
    except StoreError:
        return None


def _new_draft(target: Path, folder: str) -> Path:
    drop_drafts(target)
    draft = target / f"{_DRAFT}{folder}"
    draft.mkdir(mode=_OWNER_ONLY)
    return draft


def _digests_name(name: str) -> str:
    return f"digests of {name}"
