"""A file that lies in memory: for libraries that want a path, and content that no disk may see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_in_memory() -> Iterator[Path]:
    """The path of an empty file, for this process and its children, within the block (Linux)."""
    descriptor = os.memfd_create("dicom", os.MFD_CLOEXEC)
    try:
        yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)
