"""The one key of a segment: it seals every body and block in it, and finds its patients."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import apsw

from gateway.errors import ConfigError
from gateway.seal import Key, Keyring, Lookup, Sealer
from gateway.sqlite import open_reader
from gateway.store.body import QUICK, Bodies
from gateway.store.catalog import SegmentFile
from gateway.store.subject import Index, PlainIndex

PURPOSE = "segment"
_SUBJECT = "subject"
_READ = "SELECT value FROM meta WHERE key = ?"
_WRITE = "INSERT INTO meta VALUES(?, ?)"
_KEY, _MARK = "key", "key_mark"


@dataclass(frozen=True, slots=True)
class SegmentKey:
    """A key of the ring, for one segment."""

    ring: Keyring
    key: Key

    def sealer(self) -> Sealer:
        """For one thread."""
        return Sealer(self.ring, PURPOSE, self.key)

    def index(self) -> Lookup:
        """By which a patient's events are found."""
        return Lookup(self.key, _SUBJECT)

    @property
    def is_active(self) -> bool:
        return self.key is self.ring.active


def begin(connection: apsw.Connection, ring: Keyring | None) -> None:
    """Note the ring's active key as that of a segment that is being made."""
    if ring is not None:
        connection.execute(_WRITE, (_KEY, ring.active.id))
        connection.execute(_WRITE, (_MARK, ring.active.mark))


def key_of(
    connection: apsw.Connection, file: SegmentFile, ring: Keyring | None
) -> SegmentKey | None:
    """The key of a segment; None if it is in plain text. ConfigError: the ring does not have it."""
    number = connection.execute(_READ, (_KEY,)).get
    if number is None:
        return None
    if ring is None:
        raise ConfigError(f"{file.path} is sealed: name the keyring that sealed it")
    key = ring.key(number)
    if connection.execute(_READ, (_MARK,)).get != key.mark:
        raise ConfigError(
            f"{file.path} was sealed with another key {number} than the one in the keyring"
            f" {ring.name}: put the right keyring in place"
        )
    return SegmentKey(ring, key)


def key_id_of(file: SegmentFile) -> int | None:
    """The id of the key of a segment; None if it is in plain text."""
    with closing(open_reader(file.path, immutable=file.closed)) as connection:
        number = connection.execute(_READ, (_KEY,)).get
    return None if number is None else int(number)


def bodies_of(key: SegmentKey | None, level: int = QUICK) -> Bodies:
    """What makes and reads the bodies of a segment."""
    return Bodies(None if key is None else key.sealer(), level)


def index_of(key: SegmentKey | None) -> Index:
    return PlainIndex() if key is None else key.index()
