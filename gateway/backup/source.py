"""What a backup saves: segments of a cut, and the files that others keep."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import apsw

from gateway.errors import StoreError
from gateway.seal import OVERHEAD
from gateway.sqlite import open_reader
from gateway.store import Cut, Pinned

PAGE = 4096
SEALED_PAGE = PAGE + OVERHEAD


class Keeper(Protocol):
    """Keeps files that a backup saves as they are at some moment just before its cut.

    `names` are relative to the data directory; `unit` is the size in which their changes are
    looked for.
    """

    @property
    def unit(self) -> int: ...

    def names(self) -> Sequence[str]: ...

    async def save(self, name: str, target: Path) -> None:
        """Copy a file as it stands; StoreError if that can't be done."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file to save. `content` gives a path that holds it, perhaps copied to the one it is given.

    `unit` 0: it never changes once it exists. `size` is what is to be read, about.
    """

    name: str
    unit: int
    size: int
    content: Callable[[Path], Path]


@dataclass(frozen=True, slots=True)
class Databases:
    """Databases in plain text, which others may write meanwhile."""

    data: Path
    files: tuple[str, ...]
    unit: int = PAGE

    def names(self) -> Sequence[str]:
        return [name for name in self.files if (self.data / name).exists()]

    async def save(self, name: str, target: Path) -> None:
        await asyncio.to_thread(_copy_database, self.data / name, target)


@dataclass(frozen=True, slots=True)
class SealedDatabase:
    """A sealed database, copied by whoever has it open."""

    name: str
    keeper: Callable[[Path], Awaitable[None]]
    unit: int = SEALED_PAGE

    def names(self) -> Sequence[str]:
        return (self.name,)

    async def save(self, name: str, target: Path) -> None:  # noqa: ARG002 - it has but one
        await self.keeper(target)


@dataclass(frozen=True, slots=True)
class Files:
    """Small files, read at once: `folder` is given relative to the data directory as `name`."""

    folder: Path
    name: str
    pattern: str = "*"
    unit: int = PAGE

    def names(self) -> Sequence[str]:
        found = self.folder.glob(self.pattern) if self.folder.is_dir() else ()
        files = (file.relative_to(self.folder) for file in found if file.is_file())
        return sorted(f"{self.name}/{file}" for file in files)

    async def save(self, name: str, target: Path) -> None:
        await asyncio.to_thread(_copy, self.folder / Path(name).relative_to(self.name), target)


def segments_of(cut: Cut, data: Path) -> Iterator[Source]:
    """The segments of a cut: closed ones as they are, open ones copied."""
    for pinned in cut.files:
        unit, size = (0, pinned.path.stat().st_size) if pinned.closed else (PAGE, pinned.size())
        yield Source(str(pinned.path.relative_to(data)), unit, size, partial(_segment, pinned))


def copied(name: str, unit: int, path: Path) -> Source:
    """A file that was copied already."""
    return Source(name, unit, path.stat().st_size, lambda _: path)


def _segment(pinned: Pinned, target: Path) -> Path:
    if pinned.closed:
        return pinned.path
    pinned.copy(target)
    return target


def _copy_database(path: Path, target: Path) -> None:
    try:
        with (
            closing(open_reader(path)) as source,
            closing(apsw.Connection(str(target))) as copy,
        ):
            with copy.backup("main", source, "main") as copying:
                copying.step(-1)
            copy.execute("PRAGMA journal_mode=DELETE")
    except apsw.Error as error:
        raise StoreError(f"{path} can't be copied: {error}") from error


def _copy(path: Path, target: Path) -> None:
    try:
        shutil.copyfile(path, target)
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{path} can't be copied: {error.strerror}") from error
