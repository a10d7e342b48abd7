"""Files in a backup's folder: compressed, sealed piece by piece, each with its digest."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from gateway.errors import StoreError
from gateway.seal import Sealer, open_stream, seal_stream, stream_key

_LEVEL = 3
_READ = 1 << 20
_PLACE = struct.Struct(">Q")
DIGEST_SIZE = 16


def archive_key(path: Path) -> int:
    """The id of the key that an archive needs."""
    with path.open("rb") as file:
        return stream_key(file)


class _Counting:
    """A file that is written, with the digest of what was."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._file.write(data)


def write_archive(path: Path, sealer: Sealer, name: str, content: Iterable[bytes]) -> str:
    """Write an archive, synced; the digest of its bytes on disk. `name` is what it holds."""
    with path.open("wb") as file:
        counting = _Counting(file)
        seal_stream(counting, sealer, name.encode(), _compressed(content))
        file.flush()
        os.fsync(file.fileno())
    return counting.digest.hexdigest()


def read_archive(path: Path, sealer: Sealer, name: str) -> Iterator[bytes]:
    """The content again, in pieces; StoreError where it is damaged."""
    inflate = zstandard.ZstdDecompressor().decompressobj()
    try:
        with path.open("rb") as file:
            for piece in open_stream(file, sealer, name.encode()):
                if not inflate.eof and (data := inflate.decompress(piece)):
                    yield data
    except FileNotFoundError as error:
        raise StoreError(f"{path} is gone: use another backup") from error
    except (StoreError, zstandard.ZstdError) as error:
        raise StoreError(f"{path}: {error}") from error
    if not inflate.eof:
        raise StoreError(f"{path} ends too early: use another backup")


def digests_name(name: str) -> str:
    """What the archive of a file's digests holds."""
    return f"digests of {name}"


def check_archive(path: Path, sealer: Sealer, name: str, digest: str) -> None:
    """StoreError unless an archive has this digest and opens to its end."""
    try:
        found = digest_of_file(path)
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}: use another backup") from error
    if found != digest:
        raise StoreError(f"{path} is not what was written: use another backup")
    for _ in read_archive(path, sealer, name):
        pass


def digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(slots=True)
class Units:
    """Reads a file in units, and learns its size, its digest and those of its units.

    With the digests of an earlier state it tells which units changed.
    """

    path: Path
    unit: int
    before: bytes = b""
    size: int = 0
    digests: bytes = b""
    digest: str = ""
    _last: bytes = b""

    def whole(self) -> Iterator[bytes]:
        """All of the file."""
        for _, data in self._read():
            yield data

    def changed(self) -> Iterator[bytes]:
        """Each unit that is not as before, after its number."""
        for number, data in self._read():
            at = number * DIGEST_SIZE
            if self.before[at : at + DIGEST_SIZE] != self._last:
                yield _PLACE.pack(number) + data

    def _read(self) -> Iterator[tuple[int, bytes]]:
        whole, digests = hashlib.sha256(), bytearray()
        with self.path.open("rb") as file:
            for number, data in enumerate(iter(lambda: file.read(self.unit), b"")):
                whole.update(data)
                self._last = hashlib.blake2b(data, digest_size=DIGEST_SIZE).digest()
                digests += self._last
                self.size += len(data)
                yield number, data
        self.digests, self.digest = bytes(digests), whole.hexdigest()


def write_whole(file: BinaryIO, content: Iterable[bytes]) -> None:
    """Lay out a file that an archive holds whole."""
    file.writelines(content)


def write_units(file: BinaryIO, content: Iterable[bytes], unit: int) -> None:
    """Lay the changed units over a file as its base left it; its end is cut by the caller."""
    waiting = bytearray()
    size = _PLACE.size + unit
    for data in content:
        waiting += data
        while len(waiting) >= size:
            _lay(file, waiting[:size], unit)
            del waiting[:size]
    if waiting:
        _lay(file, waiting, unit)


def _lay(file: BinaryIO, entry: bytes | bytearray, unit: int) -> None:
    (number,) = _PLACE.unpack_from(entry)
    file.seek(number * unit)
    file.write(entry[_PLACE.size :])


def _compressed(content: Iterable[bytes]) -> Iterator[bytes]:
    deflate = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
    for data in content:
        if packed := deflate.compress(data):
            yield packed
    yield deflate.flush()
