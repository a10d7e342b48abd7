"""The key of the chain. It is no sealing key: it stays the same for as long as the chain lasts."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.audit.tables import has_entries
from gateway.errors import ConfigError
from gateway.sqlite import make_private, sync_folder

_SIZE = 32

PUT_BACK = (
    "put back the copy that was kept of it (`isogate keys import`). Where no copy is left, lay that"
    " file and the folder of its anchors aside to keep them, and a new chain begins"
)


def audit_key(path: Path, entries: Path) -> bytes:
    """The key in a file of its own; only its owner may read it.

    It is made where there is none and the audit in the file `entries` has no entry yet.
    ConfigError: the file can't be read, is no key, or is gone while there are entries.
    """
    try:
        make_private(path.parent)
        if not path.exists():
            if has_entries(entries):
                raise ConfigError(f"the key of the audit in {entries}, {path}, is gone: {PUT_BACK}")
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the audit's key {path} can't be used: {error.strerror}") from error
    if len(key) != _SIZE:
        raise ConfigError(f"{path} is no key of the audit: put back the copy that was kept of it")
    return key


def _make(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, os.urandom(_SIZE))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)
