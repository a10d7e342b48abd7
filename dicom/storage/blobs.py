"""Objects as files. The one place where a file of an object is written, and where one is read.

A file's name is the digest of its transfer syntax and dataset: the same object sent twice is the
same file, and no name comes from a dataset.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from dicom.storage.object import Blob
from dicom.storage.part10 import START, head_length
from gateway import ProtocolViolation, StoreError

_T = TypeVar("_T")
_THREADS = 8
_READ = 1_048_576
_MODE = 0o600
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_PARTS = 512


class Draft:
    """An object on its way in. Used by one task; every step runs in a thread of `Blobs`."""

    def __init__(self, blobs: Blobs, head: bytes, transfer_syntax: str) -> None:
        self._blobs = blobs
        self._head = head
        self._digest = hashlib.sha256(transfer_syntax.encode() + b"\0")
        self._path = f"{blobs.drafts}/{uuid4().hex}"
        self._file = -1
        self.size = 0

    async def write(self, parts: Sequence[bytes]) -> None:
        """Append to the file; StoreError if the disk refuses."""
        await self._blobs.run(lambda: self._append(parts))

    async def finish(self, parts: Sequence[bytes]) -> Blob:
        """Append the rest; when it returns, file and name are on disk."""
        blob = await self.finish_if(parts, lambda: True)
        assert blob is not None  # noqa: S101 - it was said to be good
        return blob

    async def finish_if(self, parts: Sequence[bytes], judge: Callable[[], bool]) -> Blob | None:
        """Append the rest while `judge` looks at the object; `finish` if it says that it is good.

        Else there is no name, None is returned, and a draft is left, to finish or to discard;
        likewise if `judge` raises. It is called on the loop, once, at the same time as a thread
        writes and hashes.
        """
        verdict: Future[bool] = Future()
        writing = self._blobs.begin(lambda: self._finish(parts, verdict))
        good = False
        try:
            good = judge()
        finally:
            verdict.set_result(good)
            blob = await self._blobs.end(writing)
        return blob

    async def discard(self) -> None:
        """Remove what was written, if it was not finished."""
        if self._file >= 0:
            await self._blobs.run(self._remove)

    def _append(self, parts: Sequence[bytes]) -> None:
        if self._file < 0:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            self._file = os.open(self._path, flags, _MODE)
            _write_all(self._file, [self._head])
        for part in parts:
            self._digest.update(part)
            self.size += len(part)
        _write_all(self._file, parts)

    def _finish(self, parts: Sequence[bytes], verdict: Future[bool]) -> Blob | None:
        self._append(parts)
        blob = Blob(self._digest.hexdigest(), self.size)
        if not verdict.result():
            return None
        # Renamed first: one commit of the file system's journal then covers file and name.
        Path(self._path).rename(self._blobs.objects / blob.path)
        os.fdatasync(self._file)
        os.close(self._file)
        self._file = -1
        self._blobs.sync(blob)
        return blob

    def _remove(self) -> None:
        os.close(self._file)
        self._file = -1
        Path(self._path).unlink(missing_ok=True)


class Blobs:
    """The folder of objects, in 256 folders that stay open, so that a name is synced at once.

    Files appear whole: a draft gets its name when it is complete.
    Reading and writing run in threads of their own; a cancelled caller waits for the step that
    is under way, so that no file is closed under it.
    """

    def __init__(self, folder: Path, threads: ThreadPoolExecutor, folders: dict[str, int]) -> None:
        self.folder = folder
        self.objects, self.drafts = folder / "objects", folder / "drafts"
        self._threads = threads
        self._folders = folders

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Blobs]:
        """Open or create the folder; drafts that a crash left are removed. StoreError if not."""
        with ExitStack() as stack:
            folders: dict[str, int] = {}
            stack.callback(_close, folders)
            threads = stack.enter_context(
                ThreadPoolExecutor(_THREADS, thread_name_prefix="dicom-disk")
            )
            blobs = cls(folder, threads, folders)
            try:
                blobs._prepare()
            except OSError as error:
                raise StoreError(f"dicom: {folder} can't be used: {error}") from error
            yield blobs

    def draft(self, head: bytes, transfer_syntax: str) -> Draft:
        """Begin an object; `head` is what `part10.head` made."""
        return Draft(self, head, transfer_syntax)

    async def read(self, blob: Blob) -> AsyncIterator[bytes]:
        """The dataset in pieces, as it was received; StoreError if it can't be read."""
        file = await self.run(lambda: self._open(blob))
        try:
            while piece := await self.run(lambda: os.read(file, _READ)):
                yield piece
        finally:
            os.close(file)

    @property
    def folders(self) -> Sequence[str]:
        """The names of the folders that objects lie in."""
        return tuple(self._folders)

    async def names(self, folder: str) -> Sequence[str]:
        """The digests of the files in one of the folders."""
        place = self.objects / folder
        return await self.run(lambda: sorted(file.stem for file in place.iterdir()))

    async def files(self) -> Sequence[tuple[Path, int]]:
        """Every file, and its size."""
        return await self.run(
            lambda: [(file, file.stat().st_size) for file in self.objects.glob("*/*.dcm")]
        )

    async def verify(self, blob: Blob, transfer_syntax: str) -> str:
        """Read the file again; what is wrong with it in words, or ''."""
        return await self.run(lambda: self._verify(blob, transfer_syntax))

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do a step on a thread. StoreError instead of what the operating system says."""
        return await self.end(self.begin(work))

    def begin(self, work: Callable[[], _T]) -> asyncio.Future[_T]:
        """Start a step; `end` has to follow."""
        return asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def end(self, future: asyncio.Future[_T]) -> _T:
        """Wait for a step, to its end also if cancelled."""
        try:
            return await asyncio.shield(future)
        except OSError as error:
            raise StoreError(f"dicom: {self.folder}: {error}") from error
        except asyncio.CancelledError:
            await asyncio.gather(future, return_exceptions=True)
            raise

    def sync(self, blob: Blob) -> None:
        """Make the name of a blob durable; from a thread."""
        os.fsync(self._folders[blob.digest[:2]])

    def _prepare(self) -> None:
        self.drafts.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.drafts.iterdir():
            left.unlink()
        for name in (f"{byte:02x}" for byte in range(256)):
            (self.objects / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folders[name] = os.open(self.objects / name, _FOLDER)
        for parent in (self.objects, self.folder, self.folder.parent):
            _sync(parent)

    def _open(self, blob: Blob) -> int:
        """The file, at the beginning of its dataset."""
        file = os.open(self.objects / blob.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.lseek(file, head_length(os.read(file, START)), os.SEEK_SET)
        except BaseException:
            os.close(file)
            raise
        return file

    def _verify(self, blob: Blob, transfer_syntax: str) -> str:
        digest, size = hashlib.sha256(transfer_syntax.encode() + b"\0"), 0
        try:
            file = self._open(blob)
        except FileNotFoundError:
            return "the file is missing"
        except ProtocolViolation as error:
            return str(error)
        try:
            while piece := os.read(file, _READ):
                digest.update(piece)
                size += len(piece)
        finally:
            os.close(file)
        if size != blob.size:
            return f"{size} bytes instead of {blob.size}"
        return "" if digest.hexdigest() == blob.digest else "the content has changed"


def _close(folders: Mapping[str, int]) -> None:
    for descriptor in folders.values():
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, _FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(file: int, parts: Sequence[bytes]) -> None:
    for start in range(0, len(parts), _MOST_PARTS):
        some = parts[start : start + _MOST_PARTS]
        written = os.writev(file, some)
        if written != sum(map(len, some)):
            _write_rest(file, memoryview(b"".join(some))[written:])


def _write_rest(file: int, rest: memoryview) -> None:
    while rest:
        rest = rest[os.write(file, rest) :]
