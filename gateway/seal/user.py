"""Whoever keeps something sealed, as a rotation sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class KeyUser(Protocol):
    """Keeps sealed data that a rotation concerns."""

    @property
    def name(self) -> str: ...

    @property
    def purposes(self) -> Collection[str]:
        """The purposes of all its sealers: what `keys` speaks for."""
        ...

    async def keys(self) -> Collection[int]:
        """The ids of the keys without which something here could not be opened."""
        ...

    async def reseal(self, progress: Progress) -> None:
        """Bring everything under the ring's active key; it stays in use meanwhile.

        A crash loses nothing: what was not done is done when it is asked for again.
        """
        ...
