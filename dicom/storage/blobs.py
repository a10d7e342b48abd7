"""Objects as files. The one place where a file of an object is written, and where one is read.

A file's name begins with the digest of its transfer syntax and dataset: the same object sent twice
is the same file, and no name comes from a dataset. Files are sealed: nobody reads one without the
keyring, and what has to lie in plain text lies in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from dicom.storage.gate import Gate
from dicom.storage.memory import file_in_memory
from dicom.storage.object import Blob
from dicom.storage.part10 import START, head_length
from dicom.storage.sealed import (
    PURPOSE,
    SUFFIX,
    SealedFile,
    digest_of,
    find,
    key_of,
    name_of,
    pieces_of,
)
from gateway import ProtocolViolation, StoreError
from gateway.room import Keyring, Progress

_T = TypeVar("_T")
_THREADS = 8
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Draft:
    """An object on its way in. Used by one task; every step runs in a thread of `Blobs`."""

    def __init__(self, blobs: Blobs, head: bytes, transfer_syntax: str) -> None:
        self._blobs = blobs
        self._head = head
        self._digest = hashlib.sha256(transfer_syntax.encode() + b"\0")
        self._path = f"{blobs.drafts}/{uuid4().hex}"
        self._file: SealedFile | None = None
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
        if self._file is not None:
            await self._blobs.run(self._remove)

    def _append(self, parts: Sequence[bytes]) -> SealedFile:
        if self._file is None:
            self._file = SealedFile(self._path, self._blobs.ring)
            self._file.write([self._head])
        for part in parts:
            self._digest.update(part)
            self.size += len(part)
        self._file.write(parts)
        return self._file

    def _finish(self, parts: Sequence[bytes], verdict: Future[bool]) -> Blob | None:
        file = self._append(parts)
        blob = Blob(self._digest.hexdigest(), self.size)
        if not verdict.result():
            return None
        file.end(blob.digest)
        self._blobs.keep(file, self._path, blob)
        self._file = None
        return blob

    def _remove(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            Path(self._path).unlink(missing_ok=True)


class Blobs:
    """The folder of objects, in 256 folders that stay open, so that a name is synced at once.

    Files appear whole: a draft gets its name when it is complete.
    Reading and writing run in threads of their own; a cancelled caller waits for the step that
    is under way, so that no file is closed under it.
    """

    name = "objects"
    purposes = (PURPOSE,)

    def __init__(
        self, folder: Path, ring: Keyring, threads: ThreadPoolExecutor, folders: dict[str, int]
    ) -> None:
        self.folder, self.ring = folder, ring
        ring.purposes.add(PURPOSE)
        self.objects, self.drafts = folder / "objects", folder / "drafts"
        self._threads = threads
        self._folders = folders
        self.naming, self.pins = Gate(), Gate()

    @classmethod
    @contextmanager
    def open(cls, folder: Path, ring: Keyring) -> Iterator[Blobs]:
        """Open or create the folder; drafts that a crash left are removed. StoreError if not.

        A rotation of keys concerns it as long as it is open (`gateway.seal.KeyUser`).
        """
        with ExitStack() as stack:
            folders: dict[str, int] = {}
            stack.callback(_close, folders)
            threads = stack.enter_context(
                ThreadPoolExecutor(_THREADS, thread_name_prefix="dicom-disk")
            )
            blobs = cls(folder, ring, threads, folders)
            try:
                blobs._prepare()
            except OSError as error:
                raise StoreError(f"dicom: {folder} can't be used: {error}") from error
            stack.enter_context(ring.used_by(blobs))
            yield blobs

    def draft(self, head: bytes, transfer_syntax: str) -> Draft:
        """Begin an object; `head` is what `part10.head` made."""
        return Draft(self, head, transfer_syntax)

    async def read(self, blob: Blob, *, whole: bool = False) -> AsyncIterator[bytes]:
        """The dataset in pieces, as it was received, or the `whole` Part 10 file.

        StoreError if it can't be read, or was changed.
        """
        pieces = self._plain(blob, whole=whole)
        try:
            while (piece := await self.run(lambda: next(pieces, None))) is not None:
                yield piece
        finally:
            pieces.close()

    @asynccontextmanager
    async def in_memory(self, blob: Blob) -> AsyncIterator[Path]:
        """A path at which the Part 10 file can be read by this process and its children."""
        with file_in_memory() as path:
            await self.run(lambda: self._copy(blob, path))
            yield path

    def place(self, blob: Blob) -> Path:
        """Where it lies now; FileNotFoundError, or StoreError as for `read`."""
        with find(self.objects, blob, self.ring) as file:
            return Path(file.name)

    @property
    def folders(self) -> Sequence[str]:
        """The names of the folders that objects lie in."""
        return tuple(self._folders)

    async def names(self, folder: str) -> Sequence[str]:
        """The digests of the files in one of the folders."""
        place = self.objects / folder
        return await self.run(lambda: sorted({digest_of(file) for file in place.iterdir()}))

    async def files(self) -> Sequence[tuple[Path, int]]:
        """Every file, and its size."""
        return await self.run(lambda: [(file, file.stat().st_size) for file in self._files()])

    async def remove(
        self, digests: Sequence[str], needed: Callable[[Sequence[str]], Awaitable[Collection[str]]]
    ) -> None:
        """Take the files of objects off the disk, but for those that `needed` names.

        It is asked when no object is on its way to be told of; waits while files are pinned.
        """
        async with self.pins.alone(), self.naming.alone():
            spared = await needed(digests)
            await self.run(lambda: self._remove([each for each in digests if each not in spared]))

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

    def keep(self, file: SealedFile, path: str, blob: Blob) -> None:
        """Give a complete file its name; then both are on disk, and it is closed. From a thread."""
        # Renamed first: one commit of the file system's journal then covers file and name.
        Path(path).rename(self.objects / name_of(blob, file.key))
        file.sync()
        file.close()
        os.fsync(self._folders[blob.digest[:2]])

    async def keys(self) -> set[int]:
        """The keys that open the files."""
        return await self.run(lambda: {key_of(file) for file in self._files()})

    async def reseal(self, progress: Progress) -> None:
        """Write every file of an older key anew, one at a time."""
        old = await self.run(
            lambda: [file for file in self._files() if key_of(file) != self.ring.active.id]
        )
        for done, file in enumerate(old):
            progress(done, len(old))
            async with self.pins.alone():
                await self.run(partial(self._reseal, file))
        progress(len(old), len(old))

    def _reseal(self, old: Path) -> None:
        """One that was removed meanwhile needs no key."""
        if not old.exists():
            return
        path, digest = f"{self.drafts}/{uuid4().hex}", digest_of(old)
        with old.open("rb") as source:
            file = SealedFile(path, self.ring)
            for piece in pieces_of(source, self.ring, digest):
                file.write([piece])
            file.end(digest)
        self.keep(file, path, Blob(digest, 0))
        old.unlink()

    def _prepare(self) -> None:
        self.drafts.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.drafts.iterdir():
            left.unlink()
        for name in (f"{byte:02x}" for byte in range(256)):
            (self.objects / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folders[name] = os.open(self.objects / name, _FOLDER)
        for parent in (self.objects, self.folder, self.folder.parent):
            _sync(parent)

    def _remove(self, digests: Sequence[str]) -> None:
        folders = sorted({digest[:2] for digest in digests})
        for digest in digests:
            for key in self.ring.keys:
                (self.objects / name_of(Blob(digest, 0), key.id)).unlink(missing_ok=True)
        for folder in folders:
            os.fsync(self._folders[folder])

    def _files(self) -> Iterator[Path]:
        return self.objects.glob(f"*/*{SUFFIX}")

    def _plain(self, blob: Blob, *, whole: bool = False) -> Generator[bytes, None, None]:
        """The file, or its dataset; it is closed with the generator."""
        with find(self.objects, blob, self.ring) as file:
            pieces = pieces_of(file, self.ring, blob.digest)
            first = next(pieces)
            yield first if whole else first[head_length(first[:START]) :]
            yield from pieces

    def _copy(self, blob: Blob, target: Path) -> None:
        with target.open("wb") as copy:
            copy.writelines(self._plain(blob, whole=True))

    def _verify(self, blob: Blob, transfer_syntax: str) -> str:
        digest, size = hashlib.sha256(transfer_syntax.encode() + b"\0"), 0
        try:
            for piece in self._plain(blob):
                digest.update(piece)
                size += len(piece)
        except FileNotFoundError:
            return "the file is missing"
        except (ProtocolViolation, StoreError) as error:
            return str(error)
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
