"""Ids of wire records: unique for ever, across restarts and crashes."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import StoreError
from gateway.model import RawId
from gateway.sqlite import write_durably

BLOCK = 1 << 18
_LIMIT = 1 << 53


def read_reserved(path: Path) -> int:
    """The first number that was never allotted; also of seqs, in a file of their own."""
    return int(path.read_text()) if path.exists() else 1


def reserve(path: Path) -> int:
    """Put the next block aside, durably; returns the end of it. A crash skips what was unused."""
    end = read_reserved(path) + BLOCK
    if end > _LIMIT:
        raise StoreError(f"{path}: the ids of wire records are used up")
    write_durably(path, str(end).encode())
    return end


class RawIds:
    """Allots from the reserved range. `start` is where it began, `end` where it ends."""

    def __init__(self, start: int, end: int) -> None:
        self._next, self._end = start, end

    @property
    def low(self) -> bool:
        """Whether it is time to reserve another block."""
        return self._end - self._next < BLOCK // 2

    def extend(self, end: int) -> None:
        self._end = max(self._end, end)

    def allot(self) -> RawId:
        """Give the next id; StoreError when no more could be reserved."""
        if self._next >= self._end:
            raise StoreError(
                "no ids for wire records are left and the disk takes no further reservation:"
                " free space on the data directory's disk"
            )
        number = self._next
        self._next = number + 1
        return RawId(number)
