"""The dataset of a message as it comes in: fragments, never decoded, never more than a bound."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from collections.abc import Callable

from gateway import ProtocolViolation

MOST_HELD = 1_048_576
"""Bytes held for a service that is behind; beyond it the peer has to wait."""
BATCH = 262_144
"""What a service that writes to disk takes at a time."""


def _nothing() -> None:
    pass


class Dataset:
    """A stream of the dataset's bytes in its context's transfer syntax. One reader at a time.

    What a service leaves unread is thrown away before its final response goes out.
    """

    def __init__(
        self, hold: Callable[[], None] = _nothing, free: Callable[[], None] = _nothing
    ) -> None:
        self._hold, self._free = hold, free
        self._parts: list[bytes] = []
        self._size = 0
        self._whole = False
        self._wanted = 1
        self._waiter: Future[None] | None = None
        self._thrown = False
        self.received = 0

    @property
    def is_drained(self) -> bool:
        """Whether the last fragment has come and everything was taken."""
        return self._whole and not self._parts

    async def take(self, at_least: int = 1) -> list[bytes]:
        """Fragments that came, `at_least` so many bytes unless it ends before; [] at its end."""
        while not self._whole and self._size < min(at_least, MOST_HELD):
            self._wanted = at_least
            self._waiter = get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        parts, self._parts = self._parts, []
        self._empty()
        return parts

    async def read(self, limit: int) -> bytes:
        """All of it; ProtocolViolation if it is longer than `limit`, which aborts if not caught."""
        parts: list[bytes] = []
        while more := await self.take():
            parts += more
            if self.received > limit:
                raise ProtocolViolation(f"a dataset of more than {limit} bytes where few belong")
        return b"".join(parts)

    async def skip(self) -> None:
        """Throw the rest away."""
        self._thrown = True
        while await self.take():
            pass

    def feed(self, data: memoryview, *, last: bool) -> None:
        """A fragment came; for the association."""
        self.received += len(data)
        if data and not self._thrown:
            self._parts.append(bytes(data))
            self._size += len(data)
            if self._size >= MOST_HELD:
                self._hold()
        self._whole = last
        if (
            self._waiter is not None
            and (last or self._size >= self._wanted or self._size >= MOST_HELD)
            and not self._waiter.done()
        ):
            self._waiter.set_result(None)

    def drop(self) -> None:
        """Nobody will read on: the association is over, and its memory is wanted back at once."""
        self._parts.clear()
        self._size = 0
        self._hold = self._free = _nothing

    def _empty(self) -> None:
        held, self._size = self._size, 0
        if held >= MOST_HELD:
            self._free()


def of_bytes(data: bytes) -> Dataset:
    """A dataset that is there already; for tests and for services that call each other."""
    dataset = Dataset()
    dataset.feed(memoryview(data), last=True)
    return dataset
