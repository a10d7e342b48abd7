"""Writes a printing into its folder: whole or not at all, and readable by its owner alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from gateway.sqlite import sync_folder

LATEST = "latest"
"""A link in the folder to the newest printing."""

_SUMS = "SHA256SUMS"
_OWNER_ALONE, _FOLDER = 0o600, 0o700


def write_printing(folder: Path, name: str, files: Mapping[str, str], keep: int) -> Path:
    """Write `files` and their checksums as the printing `name`, point LATEST at it, keep `keep`.

    OSError: nothing of it is to be seen, and the newest printing is the one before.
    """
    folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    folder.chmod(_FOLDER)
    draft, target = folder / f".{name}.new", folder / name
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=_FOLDER)
    try:
        sums = {file: _write(draft / file, text.encode()) for file, text in files.items()}
        lines = "".join(f"{digest}  {file}\n" for file, digest in sorted(sums.items()))
        _write(draft / _SUMS, lines.encode())
        sync_folder(draft)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _point(folder, name)
    _prune(folder, keep)
    return target


def newest(folder: Path) -> str:
    """The name of the newest printing, or nothing."""
    return max(_printings(folder), default="")


def _write(path: Path, data: bytes) -> str:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return sha256(data).hexdigest()


def _point(folder: Path, name: str) -> None:
    link = folder / f".{LATEST}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.rename(folder / LATEST)
    sync_folder(folder)


def _prune(folder: Path, keep: int) -> None:
    for name in sorted(_printings(folder))[:-keep]:
        shutil.rmtree(folder / name, ignore_errors=True)


def _printings(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [
        each.name
        for each in folder.iterdir()
        if each.is_dir() and not each.is_symlink() and each.name[:1].isdigit()
    ]
