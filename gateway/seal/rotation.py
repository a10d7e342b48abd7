"""The life of keys in a running gateway: a new one seals, all is resealed, the old one goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from gateway.errors import ConfigError, StoreError
from gateway.model import Clock, to_datetime
from gateway.seal.keyring import Key, Keyring
from gateway.seal.source import KeySource
from gateway.seal.suite import Suite
from gateway.seal.user import KeyUser

log = logging.getLogger(__name__)

Note: TypeAlias = Callable[[str, str, str], None]
"""Notes something about the gateway itself as an event: code, text, detail."""


@dataclass(frozen=True, slots=True)
class Resealing:
    """How far resealing is. `user` is at work; `failed` says why the last run ended early."""

    running: bool = False
    user: str = ""
    done: int = 0
    total: int = 0
    failed: str = ""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key, and who still needs it to open something, or can't be asked now."""

    key: Key
    active: bool
    users: tuple[str, ...]


class Rotation:
    """Rotates, reseals and retires."""

    def __init__(
        self, ring: Keyring, source: KeySource, suite: Suite, clock: Clock, note: Note
    ) -> None:
        self._ring, self._source, self._suite = ring, source, suite
        self._clock, self._note = clock, note
        self.state = Resealing()
        self._wanted = asyncio.Event()

    @property
    def ring(self) -> Keyring:
        return self._ring

    @property
    def place(self) -> str:
        """Where the keyring lies."""
        return str(self._source)

    async def uses(self) -> list[KeyUse]:
        """Every key, the oldest first, with who needs it; who can't be asked may need all."""
        every = {key.id for key in self._ring.keys}
        needs = {user.name: await _needed(user, every) for user in self._ring.users}
        return [
            KeyUse(
                key,
                key is self._ring.active,
                tuple(name for name, keys in needs.items() if key.id in keys),
            )
            for key in self._ring.keys
        ]

    def rotate(self, suite: Suite | None = None) -> Key:
        """Make a new active key; it is in the keyring's file before it seals anything.

        ConfigError: the keyring stands where only a person can change it.
        """
        made = to_datetime(self._clock.now()).isoformat(timespec="seconds")
        fresh = self._ring.rotated(suite or self._suite, made)
        self._source.write(fresh)
        self._ring.adopt(fresh)
        self._note("keys", "rotated", f"key {self._ring.active.id} seals from now on")
        return self._ring.active

    async def retire(self, number: int) -> None:
        """Remove an old key for good.

        ConfigError: it is active, somebody needs it, or something was sealed of which nobody says
        which keys it needs. StoreError: somebody can't be asked.
        """
        smaller = self._ring.without(number)
        told = {purpose for user in self._ring.users for purpose in user.purposes}
        if untold := self._ring.purposes - told:
            raise ConfigError(f"nobody says which keys {', '.join(sorted(untold))} needs")
        users = [user.name for user in self._ring.users if number in await user.keys()]
        if users:
            raise ConfigError(
                f"key {number} is needed by {', '.join(users)}: run `isogate keys reseal`"
                " first; a backup needs its key for as long as it is kept"
            )
        self._source.write(smaller)
        self._ring.adopt(smaller)
        self._note("keys", "retired", f"key {number} is gone")

    def reseal(self) -> None:
        """Begin to bring everything under the active key; `state` tells how far it is."""
        if not self.state.running:
            self.state = Resealing(running=True)
            self._wanted.set()

    async def work(self) -> None:
        """Reseal whenever it is asked for, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self.state = Resealing(failed=await self._reseal_all())

    async def _reseal_all(self) -> str:
        """Why it could not be finished; empty when it was. One that fails keeps nobody up."""
        active, failed = self._ring.active.id, []
        for user in tuple(self._ring.users):
            try:
                if set(await user.keys()) - {active}:
                    await user.reseal(self._progress_of(user))
            except StoreError as error:
                log.warning("Resealing %s failed, ask for it again: %s", user.name, error)
                failed.append(f"{user.name}: {error}")
        if failed:
            self._note("keys", "reseal-failed", "; ".join(failed))
            return "; ".join(failed)
        self._note("keys", "resealed", f"everything is under key {active}")
        return ""

    def _progress_of(self, user: KeyUser) -> Callable[[int, int], None]:
        def progress(done: int, total: int) -> None:
            self.state = Resealing(running=True, user=user.name, done=done, total=total)

        return progress


async def _needed(user: KeyUser, every: Collection[int]) -> Collection[int]:
    """The keys that somebody needs; every one if that can't be told."""
    try:
        return await user.keys()
    except StoreError as error:
        log.warning("%s can't be asked which keys are needed: %s", user.name, error)
        return every
