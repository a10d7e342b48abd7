"""A folder whose DICOM files (PS3.10) are stored like objects that a peer sends.

A file is taken once it has stood still for a look, and removed when it is on disk here and
committed. What is no object is moved to `refused/` beside it, with the reason in a file beside.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from dicom.storage.judge import Refused
from dicom.storage.service import Storage
from dicom.web.arrival import Sender, Taking, arrival_of
from gateway import StoreError
from gateway.room import steadily

log = logging.getLogger(__name__)

REFUSED = "refused"
_PIECE = 1_048_576
_MOST = 500
"""Files of one look; the others wait for the next."""


class FileDataset:
    """The bytes of a file as they are read; `dicom.web.arrival.Filed`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._back = b""
        self.headers: dict[str, str] = {}
        self.received = 0
        self.is_drained = False

    async def take(self, at_least: int = 1) -> list[bytes]:
        data, self._back = self._back, b""
        if len(data) < at_least:
            more = await asyncio.to_thread(self._file.read, max(_PIECE, at_least))
            self.is_drained = len(more) < max(_PIECE, at_least)
            data += more
        self.received += len(data)
        return [data] if data else []

    def give_back(self, data: bytes) -> None:
        """Bytes that were taken and belong to what is read next."""
        self._back = data + self._back
        self.received = 0


@dataclass(slots=True)
class Inbox:
    """Looks every `every` seconds. `sender` names it in events, as an AE title would."""

    folder: Path
    every: float
    sender: str
    storage: Storage
    taking: Taking
    _before: dict[Path, tuple[int, int]] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled; a folder that can't be read, or a disk that refuses, is tried again."""
        await steadily(
            self.turn,
            lambda: asyncio.sleep(self.every),
            lambda error: log.warning("dicom: the folder %s waits: %s", self.folder, error),
        )

    async def turn(self) -> None:
        """Take what has stood still since the last look. StoreError: it stays where it is."""
        try:
            now = await asyncio.to_thread(lambda: dict(_files(self.folder)))
        except OSError as error:
            raise StoreError(f"{self.folder} can't be read: {error}") from error
        still = [path for path, seen in now.items() if self._before.get(path) == seen]
        self._before = now
        for path in still[:_MOST]:
            await self._take(path)

    async def _take(self, path: Path) -> None:
        try:
            with await asyncio.to_thread(_opened, path) as file:
                arrival = await arrival_of(FileDataset(file), self.taking, Sender(self.sender, ""))
                stored = await self.storage.take(arrival, self.taking.undeclared)
        except Refused as refusal:
            await asyncio.to_thread(_refuse, path, refusal.words)
            log.warning("dicom: the file %s is refused: %s", path.name, refusal.words)
            return
        except OSError as error:
            raise StoreError(f"{path.name} can't be read: {error}") from error
        await asyncio.to_thread(path.unlink, missing_ok=True)
        log.info("dicom: object %s was taken from %s", stored.uid, self.folder)


def _files(folder: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Plain files of the folder itself, with size and time of the last change; oldest first."""
    found = []
    with os.scandir(folder) as entries:
        for each in entries:
            about = each.stat(follow_symlinks=False)
            if stat.S_ISREG(about.st_mode) and not each.name.startswith("."):
                found.append((about.st_mtime_ns, Path(each.path), about.st_size))
    for changed, path, size in sorted(found):
        yield path, (size, changed)


def _opened(path: Path) -> BinaryIO:
    """Never through a link that somebody has put in its place."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def _refuse(path: Path, words: str) -> None:
    """Move a file aside, beside none of the same name."""
    aside = path.parent / REFUSED
    aside.mkdir(mode=0o700, exist_ok=True)
    target, number = aside / path.name, 1
    while target.exists():
        target, number = aside / f"{path.name}.{number}", number + 1
    path.rename(target)
    target.with_name(f"{target.name}.reason.txt").write_text(words + "\n", "utf-8")
