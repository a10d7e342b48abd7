"""The key of the chain. It is no sealing key: it stays the same for as long as the chain lasts."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.errors import ConfigError
from gateway.sqlite import sync_folder

_SIZE = 32


def audit_key(path: Path) -> bytes:
    """The key in a file of its own, made where there is none; only its owner may read it.

    ConfigError: the file can't be read, or is no key.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
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
