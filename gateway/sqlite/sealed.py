"""A database that is sealed as a whole, its log included: SQLite sees pages, the disk never."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw

from gateway.errors import StoreError
from gateway.seal import OVERHEAD, SUITES, Keyring, Sealer, key_id
from gateway.sqlite.connection import PRAGMAS, drafted
from gateway.sqlite.layout import PAGE, DatabaseLayout, Layout, LogLayout, Part

_DATABASE, _LOG = DatabaseLayout(), LogLayout()
_CODES = frozenset(suite.code for suite in SUITES.values())
_PLAIN = b"SQLite format 3\0"
_OFFSET = 8
_KEY_SIZE = 3


class SealedFile(apsw.VFSFile):
    """A database or its log. Every part is sealed for its place in this file."""

    def __init__(self, sealer: Sealer, layout: Layout, name: object, flags: list[int]) -> None:
        super().__init__("", name, flags)  # type: ignore[arg-type]  # as SQLite handed it over
        self._sealer, self._layout = sealer, layout

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        """What SQLite asks for; less at the end of the file."""
        part = self._layout.part(offset)
        if part.start == offset and part.size == amount:
            return self._open(part)
        parts, at = bytearray(), part.start
        while at < offset + amount and (data := self._open(self._layout.part(at))):
            parts += data
            at += len(data)
        return bytes(parts[offset - part.start : offset - part.start + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Whole parts: SQLite writes nothing else."""
        part = self._layout.part(offset)
        if part.start != offset or len(data) != part.size:
            raise StoreError(f"SQLite wrote {len(data)} bytes at {offset}, which is no part")
        super().xWrite(self._sealer.seal(data, self._context(part)), part.at)

    def xFileSize(self) -> int:  # noqa: N802
        return self._layout.size(super().xFileSize())

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(self._layout.part(size).at)

    def _open(self, part: Part) -> bytes:
        sealed = super().xRead(part.size + OVERHEAD, part.at)
        if len(sealed) < part.size + OVERHEAD:
            return b""
        try:
            return self._sealer.open(sealed, self._context(part))
        except StoreError:
            if self._layout is _LOG:
                # A frame that a crash cut short: SQLite finds by its checksum that it is none.
                return bytes(part.size)
            raise

    def sealed(self, most: int) -> Iterator[bytes]:
        """The first `most` bytes of each part, as they are on disk."""
        for part in _parts(self._layout, self.xFileSize()):
            yield super().xRead(min(most, part.size + OVERHEAD), part.at)

    def _context(self, part: Part) -> bytes:
        return _context(self._layout, part)


class SealedVfs(apsw.VFS):
    """Opens one database and its log; anything else would leave pages in plain text, and fails."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self.vfs_name = f"sealed-{os.urandom(8).hex()}"
        self.database: SealedFile | None = None
        super().__init__(self.vfs_name, "")

    def xOpen(self, name: object, flags: list[int]) -> SealedFile:  # noqa: N802
        if flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            self.database = SealedFile(self._sealer, _DATABASE, name, flags)
            return self.database
        if flags[0] & apsw.SQLITE_OPEN_WAL:
            return SealedFile(self._sealer, _LOG, name, flags)
        raise apsw.CantOpenError("a sealed database has no file but its log")


class SealedConnection(apsw.Connection):
    """The only connection to a sealed database; nobody else can open it meanwhile.

    A returned COMMIT is on disk.
    """

    def __init__(self, path: Path, ring: Keyring) -> None:
        """Open or create it. StoreError: it is another kind of file, or its bytes were changed.

        ConfigError: a key is lost.
        """
        if path.exists() and path.stat().st_size and not is_sealed(path):
            raise StoreError(f"{path} is not a sealed database")
        self._vfs = SealedVfs(Sealer(ring, path.name))
        super().__init__(str(path), vfs=self._vfs.vfs_name)
        try:
            # Without a second connection the log needs no shared memory, which would be in plain.
            self.execute("PRAGMA locking_mode=EXCLUSIVE")
            self.execute("PRAGMA temp_store=MEMORY")
            self.execute("PRAGMA journal_mode=MEMORY")
            for pragma in PRAGMAS:
                self.execute(pragma)
        except BaseException:
            self.close()
            raise

    def keys(self) -> set[int]:
        """The ids of the keys that seal what is on disk."""
        return {key_id(part) for part in self._database(_KEY_SIZE)}

    def save(self, target: Path) -> None:
        """Copy it as it stands now, sealed as it is, to a file of the same name; synced."""
        with target.open("wb") as copy:
            for part in self._database():
                copy.write(part)
            copy.flush()
            os.fsync(copy.fileno())

    def _database(self, most: int = PAGE + OVERHEAD) -> Iterator[bytes]:
        """The beginning of each part, as it is on disk, with nothing left in the log."""
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file = self._vfs.database
        return iter(()) if file is None else file.sealed(most)


def open_sealed(path: Path, ring: Keyring) -> SealedConnection:
    """As `SealedConnection`."""
    return SealedConnection(path, ring)


def is_sealed(path: Path) -> bool:
    """Whether a file begins as a sealed one does."""
    return _begins(path, 1) in {bytes([code]) for code in _CODES}


def is_plain(path: Path) -> bool:
    """Whether a file begins as a database in plain text does."""
    return _begins(path, len(_PLAIN)) == _PLAIN


def reseal(path: Path, ring: Keyring) -> None:
    """Write a database that nobody has open anew under the active key. A crash leaves it whole."""
    with closing(open_sealed(path, ring)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sealer = Sealer(ring, path.name)
    with drafted(path) as draft, path.open("rb") as source, draft.open("wb") as target:
        for part in _parts(_DATABASE, _DATABASE.size(os.fstat(source.fileno()).st_size)):
            sealed = os.pread(source.fileno(), part.size + OVERHEAD, part.at)
            place = _context(_DATABASE, part)
            target.write(sealer.seal(sealer.open(sealed, place), place))


def _begins(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        return b""


def _context(layout: Layout, part: Part) -> bytes:
    return layout.mark + part.start.to_bytes(_OFFSET, "big")


def _parts(layout: Layout, end: int) -> Iterator[Part]:
    at = 0
    while at < end:
        part = layout.part(at)
        yield part
        at += part.size
