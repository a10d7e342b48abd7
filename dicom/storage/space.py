"""Whether there is room for one more object."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_GLANCE = 1.0
_WELL_WITHIN = 90
"""Percent of the quota; the disk space that stays free is exceeded by as much as is missing."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """`min_free` bytes stay free on the disk; `quota` is the most that objects take, if any."""

    min_free: int
    quota: int | None = None
    largest: int = 4 * 1024**3


class Space:
    """Looks at the disk at most once a second, and counts what was stored since it began."""

    def __init__(
        self,
        folder: Path,
        bounds: Bounds,
        stored: int,
        free: Callable[[Path], int] | None = None,
    ) -> None:
        self._folder, self.bounds = folder, bounds
        self.stored = stored
        self._read = free or free_bytes
        self._looked, self._free = -_GLANCE, 0

    def shortage(self, coming: int = 0) -> str:
        """Why an object of so many bytes, as far as it is known, is not taken; '' if it is."""
        bounds = self.bounds
        if coming > bounds.largest:
            return f"the object is larger than {bounds.largest} bytes"
        now = time.monotonic()
        if now - self._looked >= _GLANCE:
            self._looked, self._free = now, self._read(self._folder)
        if self._free - coming < bounds.min_free:
            return f"less than {bounds.min_free} bytes would stay free"
        if bounds.quota is not None and self.stored + coming > bounds.quota:
            return f"the quota of {bounds.quota} bytes is used up"
        return ""

    def excess(self) -> int:
        """Bytes that have to go until objects are well within the quota and the disk has room."""
        bounds, spare = self.bounds, 0
        if bounds.quota is not None:
            spare = self.stored - bounds.quota * _WELL_WITHIN // 100
        wanting = bounds.min_free * (200 - _WELL_WITHIN) // 100 - self._read(self._folder)
        return max(0, spare, wanting)

    def took(self, size: int) -> None:
        """Bytes were stored; fewer than none: removed."""
        self.stored += size
        self._free -= size


def free_bytes(folder: Path) -> int:
    """What an unprivileged process may still write there."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
