"""What a backup saves for whoever keeps files that nobody could make anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Source:
    """A file to save, by its name relative to the data directory; a restore puts it there.

    `content` gives a path that holds it: one of its own, or the scratch path that it is given,
    after copying it there. `unit` is the size in bytes by which changes are looked for; 0: under
    this name the content never changes, so that it is read once. `size` is what there is to read,
    about.
    """

    name: str
    unit: int
    size: int
    content: Callable[[Path], Path]


@runtime_checkable
class Keeper(Protocol):
    """A service or subscriber of a room whose files belong into a backup.

    Projections are no such files: they are built anew.
    """

    async def sources(self, scratch: Path) -> Sequence[Source]:
        """What there is to save now; what changes is copied into `scratch` first.

        StoreError: it can't be, and there will be no backup.
        """
        ...


@runtime_checkable
class Named(Protocol):
    """A keeper with files that events name: it is asked once more when those are fixed."""

    def named(self) -> AbstractAsyncContextManager[Sequence[Source]]:
        """At least every file that an event on disk names; none changes or goes meanwhile."""
        ...
