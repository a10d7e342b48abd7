"""Where a site's keyring lies: never in the database, nor in a backup of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.errors import ConfigError
from gateway.seal.keyring import Keyring
from gateway.seal.ring_document import read_ring, write_ring
from gateway.seal.suite import Suite

_OWNER_ONLY = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeySource(Protocol):
    """Where a keyring is read from, and perhaps written to."""

    def read(self) -> Keyring | None:
        """The ring; None if there is none. ConfigError: it can't be used."""
        ...

    def write(self, ring: Keyring) -> None:
        """Put a ring there, durably; ConfigError if only a person can."""
        ...


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file that its owner alone may read."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def read(self) -> Keyring | None:
        try:
            with self.path.open(encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & _OTHERS:
                    raise ConfigError(
                        f"{self.path} holds the keys and others may read it: chmod 600 {self.path}"
                    )
                return read_ring(file.read(), str(self.path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{self.path} can't be read: {error.strerror}") from error

    def write(self, ring: Keyring) -> None:
        try:
            write_secret(self.path, write_ring(ring))
        except OSError as error:
            raise ConfigError(
                f"{self.path}: the keyring can't be written: {error.strerror}"
            ) from error


@dataclass(frozen=True, slots=True)
class KeyVariable:
    """An environment variable that holds what the file would."""

    name: str

    def __str__(self) -> str:
        return f"environment variable {self.name}"

    def read(self) -> Keyring | None:
        text = os.environ.get(self.name)
        return None if text is None else read_ring(text, str(self))

    def write(self, ring: Keyring) -> None:
        raise ConfigError(
            f"the keyring {ring.name} stands in the {self}, which only you can change: print the"
            " ring with `isogate keys export`, change it there, and set the variable anew"
        )


def key_source(reference: str | None, folder: Path, usual: Path) -> KeySource:
    """The source that `file:PATH` (relative to `folder`) or `env:NAME` names, else the usual file.

    ConfigError if the reference is neither.
    """
    if reference is None:
        return KeyFile(usual)
    kind, _, name = reference.partition(":")
    match kind:
        case "file" if name:
            return KeyFile(folder / name)
        case "env" if name:
            return KeyVariable(name)
        case _:
            raise ConfigError(f"{reference[:60]!r} names no keyring: write file:PATH or env:NAME")


def load_ring(source: KeySource, wanted: str | None) -> Keyring:
    """The ring that is there. `wanted` is the name of the ring that sealed the data, if one did.

    ConfigError: it is not there, or is another one.
    """
    ring = source.read()
    if ring is None:
        raise ConfigError(_lost(source, wanted))
    if wanted not in (None, ring.name):
        raise ConfigError(
            f"{source} holds the keyring {ring.name}, and the data was sealed with {wanted}:"
            " put that one in its place"
        )
    return ring


def load_or_make(source: KeySource, wanted: str | None, suite: Suite, made: str) -> Keyring:
    """As `load_ring`; a ring of one key is made where nothing was ever sealed."""
    if wanted is None and isinstance(source, KeyFile) and not source.path.exists():
        source.write(Keyring.fresh(suite, made))
    return load_ring(source, wanted)


def write_secret(path: Path, text: str) -> None:
    """Put a file that its owner alone may read in place, whole, durably."""
    path.parent.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lost(source: KeySource, wanted: str | None) -> str:
    if wanted is None:
        return f"{source}: no keyring is there; make one with `isogate keys make`"
    return (
        f"{source}: the keyring {wanted} is lost. Without it nothing that identifies a patient"
        " can be read again: put its copy there (`isogate keys import`); a new one is of no use"
    )
