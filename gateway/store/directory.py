"""The data directory: its layout, its version, and one gateway at a time in it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import ConfigError
from gateway.seal import Keyring
from gateway.sqlite import make_private, write_durably
from gateway.store import schema


class DataDirectory:
    """Where things lie under the data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def format(self) -> Path:
        return self.path / "format"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def raw_ids(self) -> Path:
        return self.path / "raw_ids"

    @property
    def next_seq(self) -> Path:
        """The lowest seq that may be given: a restored store goes on far above its backup."""
        return self.path / "next_seq"

    @property
    def keyring(self) -> Path:
        """The name of the ring that seals what is here."""
        return self.path / "keyring"

    @property
    def segments(self) -> Path:
        return self.path / "segments"

    @property
    def views(self) -> Path:
        return self.path / "views.sqlite"

    @property
    def outbox(self) -> Path:
        return self.path / "outbox.sqlite"

    @property
    def tables(self) -> Path:
        return self.path / "tables.sqlite"


@contextmanager
def occupy(path: Path) -> Iterator[DataDirectory]:
    """Make or open a data directory and hold it against a second gateway.

    ConfigError: another gateway has it, or its format is not the one that this one reads.
    """
    directory = DataDirectory(path)
    make_private(directory.segments)
    with directory.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"{path} is in use by another gateway: stop that one, or give this one a data"
                " directory of its own"
            ) from error
        check_format(directory)
        yield directory


def check_format(directory: DataDirectory) -> None:
    """Refuse what another Isogate wrote; mark a new directory as ours."""
    if not directory.format.exists():
        write_durably(directory.format, f"{schema.FORMAT}\n".encode())
        return
    found = directory.format.read_text().strip()
    if found != str(schema.FORMAT):
        raise ConfigError(
            f"{directory.path} has data format {found or 'unknown'}, and this Isogate reads"
            f" {schema.FORMAT}: install the version that wrote it, or begin in an empty directory"
        )


def sealed_by(path: Path) -> str | None:
    """The name of the keyring that sealed a data directory; None if nothing was sealed there."""
    try:
        return DataDirectory(path).keyring.read_text().strip()
    except FileNotFoundError:
        return None


def note_ring(directory: DataDirectory, ring: Keyring | None) -> None:
    """Remember which ring seals here; ConfigError if it was another one, or is missing now."""
    known = sealed_by(directory.path)
    if ring is None:
        if known is not None:
            raise ConfigError(f"{directory.path} is sealed with the keyring {known}: name its keys")
    elif known is None:
        write_durably(directory.keyring, f"{ring.name}\n".encode())
    elif known != ring.name:
        raise ConfigError(
            f"{directory.path} is sealed with the keyring {known}, not with {ring.name}: put the"
            " right one in place"
        )
