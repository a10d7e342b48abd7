"""A receive buffer that starts small and grows with what is announced, never beyond a bound."""

from __future__ import annotations

START = 4096
STEADY = 262_144
"""A buffer that is filled by single reads grows up to this."""


class InBuffer:
    """Bytes that came and are not taken yet. Views of it are valid until the next `space`."""

    def __init__(self) -> None:
        self._data = bytearray(START)
        self._view = memoryview(self._data)
        self._begin = 0
        self._end = 0
        self._full_reads = False

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def capacity(self) -> int:
        return len(self._data)

    def space(self, wanted: int) -> memoryview:
        """Room to read into, so that in the end at least `wanted` bytes lie together."""
        if self._begin == self._end:
            self._begin = self._end = 0
        held = len(self)
        needed = max(wanted, held + 1)
        if self._full_reads:
            needed = max(needed, min(2 * len(self._data), STEADY))
        if needed > len(self._data):
            self._move(bytearray(needed))
        elif needed > len(self._data) - self._begin:
            self._move(self._data)
        return self._view[self._end :]

    def filled(self, size: int) -> None:
        """So many bytes were read into the room."""
        self._end += size
        self._full_reads = self._end == len(self._data)

    def peek(self) -> memoryview:
        """What is there."""
        return self._view[self._begin : self._end]

    def take(self, size: int) -> memoryview:
        """The next `size` bytes, which must be there."""
        begin = self._begin
        self._begin = begin + size
        return self._view[begin : self._begin]

    def shrink(self) -> None:
        """Give memory back while nothing is held."""
        if self._begin == self._end and len(self._data) > START:
            self._move(bytearray(START))

    def clear(self) -> None:
        self._begin = self._end = 0

    def _move(self, target: bytearray) -> None:
        held = len(self)
        target[:held] = self._data[self._begin : self._end]
        if target is not self._data:
            self._data = target
            self._view = memoryview(target)
        self._begin, self._end = 0, held
