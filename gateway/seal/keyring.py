"""The keys of a site: one seals what is new, all open what is old."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.errors import ConfigError
from gateway.seal.suite import SECRET_SIZE, Suite
from gateway.seal.user import KeyUser

LAST_ID = (1 << 16) - 1
_NAME_SIZE = 8
_MARK_SIZE = 8


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `made` is its moment in RFC 3339; the secret shows nowhere."""

    id: int
    suite: Suite
    made: str
    secret: bytes = field(repr=False)

    @property
    def mark(self) -> bytes:
        """Eight bytes by which the key is recognized, and which tell nothing of it."""
        suite = self.suite
        return suite.keyed_hash(suite.derive(self.secret, b"mark"), b"")[:_MARK_SIZE]


class Keyring:
    """Keys by id. `active` seals; it changes when another ring is adopted.

    `name` is no secret: it tells the rings of two sites apart. `users` are those who keep something
    sealed with it, `purposes` what anything was sealed or opened for.
    """

    def __init__(self, name: str, keys: Iterable[Key], active: int) -> None:
        self.name = name
        self._keys = {key.id: key for key in keys}
        if active not in self._keys:
            raise ConfigError(f"the keyring's active key {active} is not in it")
        self.active = self._keys[active]
        self.users: list[KeyUser] = []
        self.purposes: set[str] = set()

    @classmethod
    def fresh(cls, suite: Suite, made: str) -> Keyring:
        """A ring of one new key."""
        return cls(os.urandom(_NAME_SIZE).hex(), (_new_key(1, suite, made),), 1)

    def __repr__(self) -> str:
        return f"Keyring({self.name}, keys={sorted(self._keys)}, active={self.active.id})"

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys, the oldest first."""
        return tuple(self._keys[number] for number in sorted(self._keys))

    @contextmanager
    def used_by(self, user: KeyUser) -> Iterator[None]:
        """Let a rotation ask `user`, within the block, which keys it needs."""
        self.users.append(user)
        try:
            yield
        finally:
            self.users.remove(user)

    def key(self, number: int) -> Key:
        """The key of an id; ConfigError if it is lost."""
        key = self._keys.get(number)
        if key is None:
            raise ConfigError(
                f"key {number} is not in the keyring {self.name}: what it sealed can't be opened"
                " without it; put back the copy of the keyring that holds it"
            )
        return key

    def rotated(self, suite: Suite, made: str) -> Keyring:
        """This ring with a new active key."""
        number = max(self._keys) + 1
        if number > LAST_ID:
            raise ConfigError("the ids of keys are used up")
        return Keyring(self.name, (*self.keys, _new_key(number, suite, made)), number)

    def without(self, number: int) -> Keyring:
        """This ring without an old key, which nothing must need any more."""
        if number == self.active.id:
            raise ConfigError(f"key {number} is the active one: rotate first")
        self.key(number)
        kept = (key for key in self.keys if key.id != number)
        return Keyring(self.name, kept, self.active.id)

    def adopt(self, other: Keyring) -> None:
        """Become as another ring of the same name; whoever holds this one seals with its key."""
        if other.name != self.name:
            raise ConfigError(
                f"the keyring is now {other.name}, and this store was sealed with {self.name}:"
                " put the right one back"
            )
        self._keys = {key.id: key for key in other.keys}
        self.active = self._keys[other.active.id]


def _new_key(number: int, suite: Suite, made: str) -> Key:
    return Key(number, suite, made, os.urandom(SECRET_SIZE))
