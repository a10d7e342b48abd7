"""Whoever keeps something sealed, as rotation sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, TypeAlias, runtime_checkable

Progress: TypeAlias = Callable[[int, int], None]
"""Told how much is done, and of how much."""


@runtime_checkable
class KeyUser(Protocol):
    """Keeps sealed data that a rotation concerns."""

    @property
    def name(self) -> str: ...

    async def keys(self) -> Collection[int]:
        """The ids of the keys without which something here could not be opened."""
        ...

    async def reseal(self, progress: Progress) -> None:
        """Bring everything under the ring's active key; it stays in use meanwhile.

        A crash loses nothing: what was not done is done when it is asked for again.
        """
        ...
