"""What a backup says of itself: sealed, so that nobody who lacks the key can make one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from gateway.errors import ConfigError, StoreError
from gateway.model import Instant, to_datetime
from gateway.seal import Sealer
from gateway.sqlite import write_durably

MANIFEST = "manifest"
PURPOSE = "backup"
_FORMAT = 1
_CONTEXT = b"manifest of "


class Kind(StrEnum):
    """FULL stands alone; an INCREMENT needs the backup that it is based on."""

    FULL = "full"
    INCREMENT = "increment"


class Form(StrEnum):
    """How a backup holds a file.

    WHOLE: in an archive. UNITS: the units of it that changed since the base. BASE: unchanged, and
    found in the base.
    """

    WHOLE = "whole"
    UNITS = "units"
    BASE = "base"


@dataclass(frozen=True, slots=True)
class SavedFile:
    """One file, by its name under the data directory.

    `digest` (SHA-256) and `size` are of the file as restored, `rows` the count of each of its
    tables. `archive`, its digest and its size are of the file in the backup's folder; a size of 0
    was not noted. Units of `unit` bytes are compared by the digests in the archive `digests`; 0:
    the file never changes.
    """

    name: str
    size: int
    digest: str
    form: Form
    archive: str = ""
    archive_digest: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    unit: int = 0
    digests: str = ""
    digests_digest: str = ""
    archive_size: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup. Events up to `last_seq` are in it, none after; `keys` of `ring` seal its content.

    `number` orders the backups of a target, whatever clocks did. `base` is the folder of the one
    that it is based on, `base_digest` the digest of that one's manifest.
    """

    number: int
    kind: Kind
    made_at: Instant
    data_format: int
    ring: str
    keys: tuple[int, ...]
    last_seq: int
    raw_ids: int
    files: tuple[SavedFile, ...]
    base: str = ""
    base_digest: str = ""

    @property
    def folder(self) -> str:
        """The name of its folder: `0007-20261123T020000Z-full`."""
        return f"{self.number:04}-{to_datetime(self.made_at):%Y%m%dT%H%M%SZ}-{self.kind}"

    def file(self, name: str) -> SavedFile | None:
        return next((file for file in self.files if file.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """What a person wants to know of it."""
        return {
            "folder": self.folder,
            "number": self.number,
            "kind": self.kind,
            "made_at": to_datetime(self.made_at).isoformat(),
            "base": self.base,
            "last_seq": self.last_seq,
            "files": len(self.files),
            "bytes": sum(file.size for file in self.files),
        }


def digest_of(manifest: Manifest) -> str:
    """By what the next backup knows its base."""
    return hashlib.sha256(_encoded(manifest)).hexdigest()


def write_manifest(folder: Path, manifest: Manifest, sealer: Sealer) -> None:
    """Put it into a backup's folder, durably."""
    place = _CONTEXT + manifest.folder.encode()
    write_durably(folder / MANIFEST, sealer.seal(_encoded(manifest), place))


def read_manifest(folder: Path, sealer: Sealer) -> Manifest:
    """The manifest of a backup; StoreError or ConfigError if it is not one of this site's."""
    try:
        sealed = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise ConfigError(f"{folder} is not a backup of Isogate: {error.strerror}") from error
    try:
        found = json.loads(sealer.open(sealed, _CONTEXT + folder.name.encode()))
    except StoreError as error:
        raise StoreError(f"{folder}: its manifest was changed, or the folder renamed") from error
    if found.pop("format") != _FORMAT:
        raise ConfigError(f"{folder} is of a newer Isogate: restore it with the one that wrote it")
    files = tuple(SavedFile(**{**each, "form": Form(each["form"])}) for each in found.pop("files"))
    kind, keys = Kind(found.pop("kind")), tuple(found.pop("keys"))
    return Manifest(**found, kind=kind, keys=keys, files=files)


def _encoded(manifest: Manifest) -> bytes:
    """As it is written: a size that was not noted is left out, as before there were any."""
    facts = asdict(manifest)
    for file in facts["files"]:
        if not file["archive_size"]:
            del file["archive_size"]
    return json.dumps({"format": _FORMAT, **facts}, sort_keys=True).encode()
