"""Making a backup: it appears when all of it is on disk and has been read back."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.backup.archive import (
    Units,
    archive_key,
    check_archive,
    digests_name,
    read_archive,
    write_archive,
)
from gateway.backup.chain import Backup, Shelf, flaw_of, is_left_over, layers_of
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

log = logging.getLogger(__name__)

_DRAFT = ".part-"
_OWNER_ONLY = 0o700
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be saved, of which moment, and where to; `keys` seal what is in it.

    `number` is the backup's own; an increment stands on the `base`, and a full backup links to it.
    """

    target: Path
    kind: Kind
    number: int
    base: Sequence[Backup]
    made_at: Instant
    last_seq: int
    raw_ids: int
    keys: tuple[int, ...]
    sources: Sequence[Source]
    scratch: Path


def base_of(shelf: Shelf, doubted: Collection[str]) -> tuple[Sequence[Backup], str]:
    """The chain of the latest backup, empty without one, and why no increment may stand on it.

    `doubted` are the folders of full backups whose chains were found damaged.
    """
    if shelf.latest is None:
        return (), ""
    try:
        chain = shelf.chain(shelf.latest)
    except StoreError as error:
        return (), str(error)
    if (first := chain[0].folder).name in doubted:
        return chain, f"the backups from {first} on were found damaged"
    return chain, flaw_of(chain)


def make_backup(order: Order, ring: Keyring, progress: Progress) -> Manifest:
    """Write it beside the others of the target.

    `progress` is told bytes, and may raise to stop. Whatever raises, no half of it counts.
    """
    sealer = Sealer(ring, PURPOSE, ring.active)
    manifest = Manifest(
        number=order.number,
        kind=order.kind,
        made_at=order.made_at,
        data_format=DATA_FORMAT,
        ring=ring.name,
        keys=order.keys,
        last_seq=order.last_seq,
        raw_ids=order.raw_ids,
        files=(),
    )
    if manifest.kind is Kind.INCREMENT:
        latest = order.base[-1]
        manifest = replace(
            manifest, base=latest.folder.name, base_digest=digest_of(latest.manifest)
        )
    draft = _new_draft(order.target, manifest.folder)
    try:
        writing = _Writing(order, draft, ring, sealer, progress)
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
            archive_size=(self.draft / archive).stat().st_size,
            rows=rows_in(path),
            unit=source.unit,
        )
        if not source.unit:
            return saved
        digests = archive.replace(".archive", ".digests")
        name = digests_name(source.name)
        kept = write_archive(self.draft / digests, self.sealer, name, (units.digests,))
        return replace(saved, digests=digests, digests_digest=kept)

    def _unchanged(self, archive: str, source: Source) -> SavedFile | None:
        """A file that never changes, as an earlier backup holds it."""
        base = self.order.base
        if not base or (known := base[-1].manifest.file(source.name)) is None:
            return None
        if self.order.kind is Kind.INCREMENT:
            return replace(known, form=Form.BASE, archive="", archive_digest="", archive_size=0)
        return self._linked(archive, source)

    def _linked(self, archive: str, source: Source) -> SavedFile | None:
        """The archive of an earlier backup under a further name, if it is sound and current."""
        try:
            ((folder, known),) = layers_of(self.order.base, source.name)
            if archive_key(folder / known.archive) != self.ring.active.id:
                return None
            os.link(folder / known.archive, self.draft / archive)
            check_archive(self.draft / archive, self.sealer, source.name, known.archive_digest)
        except (OSError, StoreError):
            (self.draft / archive).unlink(missing_ok=True)
            return None
        return replace(known, archive=archive)

    def _digests(self, source: Source) -> bytes:
        """Those of the units in the base; nothing if all of the file is to be saved.

        So it is where the digests were damaged.
        """
        if self.order.kind is Kind.FULL:
            return b""
        backup = self.order.base[-1]
        known = backup.manifest.file(source.name)
        if known is None or known.unit != source.unit or not known.digests:
            return b""
        path, name = backup.folder / known.digests, digests_name(source.name)
        try:
            check_archive(path, self.sealer, name, known.digests_digest)
            return b"".join(read_archive(path, self.sealer, name))
        except (OSError, StoreError) as error:
            log.warning("%s is saved whole: %s", source.name, error)
            return b""

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
    for draft in filter(is_left_over, target.glob(f"{_DRAFT}*")):
        shutil.rmtree(draft, ignore_errors=True)


def drop_chain(target: Path, chain: Sequence[Backup]) -> None:
    """Remove backups, so that none of them counts any more before any of them is incomplete."""
    for backup in reversed(chain):
        gone = target / f"{_DRAFT}gone-{backup.folder.name}"
        backup.folder.rename(gone)
        sync_folder(target)
        shutil.rmtree(gone)


def _new_draft(target: Path, folder: str) -> Path:
    drop_drafts(target)
    draft = target / f"{_DRAFT}{folder}"
    draft.mkdir(mode=_OWNER_ONLY)
    return draft
