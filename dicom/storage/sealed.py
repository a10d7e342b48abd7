"""An object's file: Part 10 as it would lie on a disk, sealed piece by piece, under a name of ours.

The name holds the digest of what is in it and the number of the key that opens it. The digest also
marks the last piece: a file under the name of another one does not open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from dicom.storage.object import Blob
from gateway import StoreError
from gateway.room import Keyring, Sealer, StreamSealer, open_stream

PURPOSE = "dicom-object"
SUFFIX = ".sealed"
_CONTEXT = b"object"
_PIECE = 262_144
_MODE = 0o600
_MOST_PARTS = 512
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC


class SealedFile:
    """A new file that is written from its beginning; one key seals all of it."""

    def __init__(self, path: str, ring: Keyring) -> None:
        self.key = ring.active.id
        self._file = os.open(path, _NEW, _MODE)
        self._pieces = _Pieces()
        sealer = Sealer(ring, PURPOSE, ring.active)
        self._stream = StreamSealer(self._pieces, sealer, _CONTEXT, _PIECE)

    def write(self, parts: Sequence[bytes]) -> None:
        for part in parts:
            self._stream.write(part)
        self._flush()

    def end(self, digest: str) -> None:
        """Write what waits; nothing can follow. It will open under this digest alone."""
        self._stream.end(digest.encode())
        self._flush()

    def sync(self) -> None:
        os.fdatasync(self._file)

    def close(self) -> None:
        """Once is enough."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _flush(self) -> None:
        _write_all(self._file, self._pieces.taken())


class _Pieces:
    """What is to be written together."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._waiting.append(data)
        return len(data)

    def taken(self) -> Sequence[bytes]:
        waiting, self._waiting = self._waiting, []
        return waiting


def name_of(blob: Blob, key: int) -> str:
    """Relative to the folder of objects."""
    return f"{blob.path}.{key}{SUFFIX}"


def digest_of(file: Path) -> str:
    return file.name.partition(".")[0]


def key_of(file: Path) -> int:
    return int(file.name.split(".")[1])


def find(objects: Path, blob: Blob, ring: Keyring) -> BinaryIO:
    """The file of an object, open.

    FileNotFoundError; StoreError if it is there, and the key that opens it is not.
    """
    for _ in range(2):  # resealing gives it its new name before it takes the old one away
        for key in reversed(ring.keys):
            with suppress(FileNotFoundError):
                return (objects / name_of(blob, key.id)).open("rb")
    left = next((objects / blob.path).parent.glob(f"{blob.digest}.*"), None)
    if left is None:
        raise FileNotFoundError(blob.path)
    raise StoreError(
        f"dicom: {left.name} was sealed with key {key_of(left)}, which is not in the keyring:"
        " put back the copy of the keyring that holds it"
    )


def pieces_of(file: BinaryIO, ring: Keyring, digest: str) -> Iterator[bytes]:
    """What is in a file, from its beginning; StoreError where it was changed, cut or renamed."""
    return open_stream(file, Sealer(ring, PURPOSE), _CONTEXT, digest.encode())


def _write_all(file: int, parts: Sequence[bytes]) -> None:
    for start in range(0, len(parts), _MOST_PARTS):
        some = parts[start : start + _MOST_PARTS]
        written = os.writev(file, some)
        if written != sum(map(len, some)):
            _write_rest(file, memoryview(b"".join(some))[written:])


def _write_rest(file: int, rest: memoryview) -> None:
    while rest:
        rest = rest[os.write(file, rest) :]
