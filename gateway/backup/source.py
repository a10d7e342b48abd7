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

import apsw

from gateway.errors import StoreError
from gateway.room import Source
from gateway.seal import OVERHEAD
from gateway.sqlite import open_reader
from gateway.store import Cut, Pinned

PAGE = 4096
SEALED_PAGE = PAGE + OVERHEAD


@dataclass(frozen=True, slots=True)
class Databases:
    """Databases in plain text, by their names under the data directory; others may write them."""

    data: Path
    names: tuple[str, ...]

    async def sources(self, scratch: Path) -> Sequence[Source]:
        found = [name for name in self.names if (self.data / name).exists()]
        return await asyncio.to_thread(lambda: [self._copied(name, scratch) for name in found])

    def _copied(self, name: str, scratch: Path) -> Source:
        return copied(name, PAGE, scratch, partial(_copy_database, self.data / name))


@dataclass(frozen=True, slots=True)
class SealedDatabase:
    """A sealed database, copied by whoever has it open."""

    name: str
    save: Callable[[Path], Awaitable[None]]

    async def sources(self, scratch: Path) -> Sequence[Source]:
        target = _place(scratch, self.name)
        await self.save(target)
        return (copied(self.name, SEALED_PAGE, scratch, None),)


@dataclass(frozen=True, slots=True)
class Files:
    """Small files of a folder, which is named `name` in the backup."""

    folder: Path
    name: str
    pattern: str = "*"

    async def sources(self, scratch: Path) -> Sequence[Source]:
        return await asyncio.to_thread(lambda: list(self._copied(scratch)))

    def _copied(self, scratch: Path) -> Iterator[Source]:
        for file in sorted(self.folder.glob(self.pattern)) if self.folder.is_dir() else ():
            if file.is_file():
                yield copied(f"{self.name}/{file.name}", PAGE, scratch, partial(_copy, file))


def copied(name: str, unit: int, scratch: Path, copy: Callable[[Path], None] | None) -> Source:
    """A file whose copy is made now, or lies in the scratch folder already."""
    path = _place(scratch, name)
    if copy is not None:
        copy(path)
    return Source(name, unit, path.stat().st_size, lambda _: path)


def segments_of(cut: Cut, data: Path) -> Iterator[Source]:
    """The segments of a cut: closed ones as they are, open ones copied."""
    for pinned in cut.files:
        unit, size = (0, pinned.path.stat().st_size) if pinned.closed else (PAGE, pinned.size())
        yield Source(str(pinned.path.relative_to(data)), unit, size, partial(_segment, pinned))


def _segment(pinned: Pinned, target: Path) -> Path:
    if pinned.closed:
        return pinned.path
    pinned.copy(target)
    return target


def _place(scratch: Path, name: str) -> Path:
    path = scratch / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


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
