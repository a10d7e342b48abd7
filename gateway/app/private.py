"""The data directory is its owner's alone: accounts, keys, the audit and what is not sealed."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gateway.app.layout import ANCHORS, KEYS, STORE
from gateway.sqlite import make_private

log = logging.getLogger(__name__)

UMASK = 0o077
"""What whoever writes into a data directory takes from every new file and folder."""

_FOLDERS = (STORE, Path(KEYS).parent, ANCHORS)


def keep_private(data: Path) -> None:
    """Make a data directory, or take from one that is there what others may do with it.

    A directory that everybody shares (sticky, as /tmp) stays; what is ours in it does not.
    """
    make_private(data)
    for path in exposed(data):
        with suppress(FileNotFoundError):
            try:
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~UMASK)
            except PermissionError:
                log.warning("Others may open %s, and it is not ours to change: chmod go= it.", path)


def exposed(data: Path) -> Iterator[Path]:
    """What of a data directory somebody else may open: itself, its parts, and their files."""
    for path in _own(data):
        with suppress(FileNotFoundError):
            mode = path.stat().st_mode
            if mode & UMASK and not mode & stat.S_ISVTX:
                yield path


def _own(data: Path) -> Iterator[Path]:
    yield data
    for folder in (data / name for name in _FOLDERS):
        if folder.is_dir():
            yield folder
            yield from (each for each in folder.iterdir() if not each.is_symlink())
