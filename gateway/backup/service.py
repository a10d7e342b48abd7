"""The backups of a running gateway: made, checked, proven and dropped, one at a time."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from gateway.backup.chain import Backup, Shelf, shelf_of
from gateway.backup.drill import Drill, NoRoom, drill
from gateway.backup.manifest import MANIFEST, PURPOSE, Kind, Manifest
from gateway.backup.memory import Memory
from gateway.backup.restore import verify
from gateway.backup.schedule import Schedule
from gateway.backup.source import segments_of
from gateway.backup.target import adopt_target, check_target
from gateway.backup.write import Order, base_of, drop_chain, make_backup
from gateway.errors import ConfigError, StoreError
from gateway.model import Clock, to_datetime
from gateway.room import Keeper, Named
from gateway.seal import Keyring, Note, Progress, Sealer, key_id
from gateway.store import EventStore

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_OWNER_ONLY = 0o700
_MEMORY = "backup/memory.json"
"""Under the data directory; no backup contains it."""


class Stopping(StoreError):  # noqa: N818 - a state of the world
    """The gateway stops while a backup is made: nothing of it is left, and nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is being done: `backup`, `verify` or `drill`; bytes `done` of a `total`."""

    what: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Where backups go and when; how many full ones are kept with their increments."""

    target: Path
    schedule: Schedule
    keep: int


@dataclass(slots=True)
class Backups:
    """Of one data directory; a `gateway.seal.KeyUser`. Methods are called on the loop.

    Nothing waits for a backup but the closing of segments. Where `target` is not given it is that
    of the plan; ConfigError if there is none. Whatever a disk or a share does is a StoreError.
    """

    data: Path
    store: EventStore
    ring: Keyring
    clock: Clock
    note: Note
    keepers: Sequence[Keeper]
    plan: Plan | None = None
    name: str = field(default="backups", init=False)
    purposes: tuple[str, ...] = field(default=(PURPOSE,), init=False)
    work: Work | None = field(default=None, init=False)
    _memory: Memory = field(init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)

    def __post_init__(self) -> None:
        self._memory = Memory(self.data / _MEMORY)

    def target(self, named: Path | None = None) -> Path:
        """Where backups go; ConfigError if nobody has said."""
        if named is not None:
            return named
        if self.plan is None:
            raise ConfigError("devices.yaml has no section `backup`: add one, or name a directory")
        return self.plan.target

    async def shelf(self, target: Path | None = None) -> Shelf:
        """The backups that there are; a target that can't be looked at is told as damaged."""
        folder = self.target(target)
        try:
            return await self._shelf(folder)
        except StoreError as error:
            return Shelf(damaged=(str(error),))

    async def back_up(
        self, kind: Kind, target: Path | None = None, *, adopt: bool = False
    ) -> Manifest:
        """Make one now. StoreError: it could not be made, and nothing of it is left.

        Where the backups before were found damaged, or lack something, it is a full one. The first
        one adopts the target of the plan: later ones go to that directory alone, until `adopt`
        takes what is there now; keys that backups elsewhere need are then held no more.
        """
        folder = self.target(target)
        async with self._turn:
            await asyncio.to_thread(self._enter, folder, adopt=adopt)
            shelf = await self._shelf(folder)
            base, flaw = await asyncio.to_thread(base_of, shelf, self._memory.holds.doubted)
            if flaw or not base:
                kind = Kind.FULL
            scratch = self.data / "store" / "backup.part"
            try:
                manifest = await self._make(folder, kind, shelf.number, base, scratch)
            finally:
                await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
            await self._settle(folder)
        if flaw:
            log.warning("A full backup was made: %s", flaw)
        self.note("backup", "done", _in_words(manifest) + (f"; full, since {flaw}" if flaw else ""))
        return manifest

    async def check(self, target: Path | None = None) -> int:
        """Read every backup that can be restored; how many there are. StoreError: some can't be.

        The next backup stands on none of those.
        """
        folder = self.target(target)
        async with self._turn:
            shelf = await self._shelf(folder)
            found = list(shelf.damaged)
            for chain in shelf.chains():
                try:
                    whole = shelf.chain(chain[-1])
                    await self._in_thread("verify", partial(verify, whole, self.ring))
                except Stopping:
                    raise
                except (StoreError, ConfigError) as error:
                    await self._doubt(chain)
                    found.append(str(error))
        if found:
            raise StoreError("; ".join(found))
        return len(shelf.backups)

    async def drill(self, target: Path | None = None) -> Drill:
        """Restore the latest backup into a scratch folder and read it; an event says how it went.

        StoreError: what is wrong with it.
        """
        folder = self.target(target)
        async with self._turn:
            try:
                found = await self._drill(folder)
            except Stopping:
                raise
            except (StoreError, ConfigError) as error:
                await self._remember_drill(folder, {"passed": False, "detail": str(error)})
                self.note("restore-drill", "failed", str(error))
                raise
            await self._remember_drill(folder, {"passed": True, **found.as_json()})
        self.note(
            "restore-drill",
            "passed",
            f"{found.folder}: {found.files} files, {found.rows} rows as saved, "
            f"{found.events} events and {found.records} records read",
        )
        return found

    def last_drill(self, target: Path | None = None) -> Mapping[str, Any] | None:
        """What the last drill on a target found, and `at`, when (µs)."""
        return self._memory.holds.drills.get(str(self.target(target)))

    async def keys(self) -> set[int]:
        """The keys without which a backup of the plan can't be restored.

        Those of a backup that somebody removed count until the next one. StoreError: nobody can
        tell, since the target or one of its backups can't be read.
        """
        if self.plan is None:
            return set()
        shelf = await self._shelf(self.plan.target)
        if shelf.damaged:
            raise StoreError(
                f"nobody can tell which keys all backups need: {shelf.damaged[0]}; if that one is"
                " lost, move its folder out of the target"
            )
        if not (self._memory.holds.target or shelf.backups):
            raise StoreError(
                f"{self.plan.target} has no backup yet, or is not there: nobody can tell which keys"
                " backups need; make one first"
            )
        return await asyncio.to_thread(_keys_of, shelf) | set(self._memory.holds.keys)

    async def reseal(self, progress: Progress) -> None:
        """What is saved stays as it is; its keys are needed for as long as it is kept."""
        progress(1, 1)

    async def _shelf(self, folder: Path) -> Shelf:
        """As `shelf`; StoreError: the target can't be looked at, or is not the one it was."""
        return await asyncio.to_thread(self._look, folder)

    def _look(self, folder: Path) -> Shelf:
        known = self._memory.holds.target
        if known and self._is_planned(folder):
            check_target(folder, known)
        return shelf_of(folder, Sealer(self.ring, PURPOSE))

    def _is_planned(self, folder: Path) -> bool:
        return self.plan is not None and folder == self.plan.target

    def _enter(self, folder: Path, *, adopt: bool) -> None:
        """Be sure of a target before anything is written there."""
        known = self._memory.holds.target
        try:
            if not self._is_planned(folder):
                folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            elif adopt or not known:
                if (found := adopt_target(folder)) != known:
                    self._memory.adopt(found, folder)
            else:
                check_target(folder, known)
        except OSError as error:
            raise StoreError(f"{folder} can't be written: {error.strerror}") from error

    async def _make(
        self, target: Path, kind: Kind, number: int, base: Sequence[Backup], scratch: Path
    ) -> Manifest:
        try:
            return await self._save(target, kind, number, base, scratch)
        except (OSError, apsw.Error) as error:
            raise StoreError(f"what is to be saved can't be read: {error}") from error

    async def _save(
        self, target: Path, kind: Kind, number: int, base: Sequence[Backup], scratch: Path
    ) -> Manifest:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        await self.store.settle_views()
        sources = [each for keeper in self.keepers for each in await keeper.sources(scratch)]
        others = [user for user in self.ring.users if user is not self]
        keys = {number for user in others for number in await user.keys()}
        async with self.store.cut() as cut, AsyncExitStack() as kept:
            for keeper in self.keepers:
                if isinstance(keeper, Named):
                    sources += await kept.enter_async_context(keeper.named())
            sources += await asyncio.to_thread(lambda: list(segments_of(cut, self.data)))
            order = Order(
                target=target,
                kind=kind,
                number=number,
                base=base,
                made_at=cut.made_at,
                last_seq=cut.last_seq,
                raw_ids=cut.raw_ids,
                keys=tuple(sorted(keys)),
                sources=sources,
                scratch=scratch,
            )
            return await self._in_thread("backup", partial(make_backup, order, self.ring))

    async def _drill(self, folder: Path) -> Drill:
        shelf = await self._shelf(folder)
        if not shelf.backups and shelf.damaged:
            raise StoreError(shelf.damaged[0])
        chain = shelf.chain(shelf.until(None))
        scratch = self.data / "drill.part"
        try:
            return await self._in_thread("drill", partial(drill, chain, scratch, self.ring))
        except (Stopping, NoRoom):
            raise
        except (StoreError, ConfigError):
            await self._doubt(chain)
            raise

    async def _doubt(self, chain: Sequence[Backup]) -> None:
        """Let the next backup stand on nothing of a chain."""
        doubted = sorted({*self._memory.holds.doubted, chain[0].folder.name})
        await asyncio.to_thread(partial(self._memory.remember, doubted=doubted))

    async def _settle(self, target: Path) -> None:
        """Drop chains beyond those that are kept, and note the keys of the rest.

        Of the plan's target alone.
        """
        if self.plan is None or not self._is_planned(target):
            return
        try:
            await asyncio.to_thread(self._drop_old, target, self.plan.keep)
        except (OSError, StoreError) as error:
            log.warning("Old backups can't be dropped: %s", error)

    def _drop_old(self, target: Path, keep: int) -> None:
        for chain in self._look(target).chains()[:-keep]:
            drop_chain(target, chain)
        left = self._look(target)
        names = {each.folder.name for each in left.backups}
        doubted = [name for name in self._memory.holds.doubted if name in names]
        self._memory.remember(keys=sorted(_keys_of(left)), doubted=doubted)

    async def _remember_drill(self, target: Path, facts: dict[str, Any]) -> None:
        now = self.clock.now()
        said = {"at": now, "time": to_datetime(now).isoformat(), **facts}
        drills = {**self._memory.holds.drills, str(target): said}
        await asyncio.to_thread(partial(self._memory.remember, drills=drills))

    def tell(self, work: Work) -> None:
        """Note how far it is; Stopping ends it. Called in its thread."""
        if self._stop.is_set():
            raise Stopping("the gateway stops")
        self.work = work

    async def _in_thread(self, what: str, work: Callable[[Progress], _T]) -> _T:
        def told(done: int, total: int) -> None:
            self.tell(Work(what, done, total))

        self.work = Work(what)
        running = asyncio.create_task(asyncio.to_thread(work, told), name=f"backup-{what}")
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._stop.set()
            await asyncio.wait([running])
            raise
        except OSError as error:
            raise StoreError(f"a disk or share refuses: {error}") from error
        finally:
            self.work = None


def _keys_of(shelf: Shelf) -> set[int]:
    """The keys that the backups of a shelf need."""
    inside = {key for each in shelf.backups for key in each.manifest.keys}
    return inside | {_key_of(each) for each in shelf.backups}


def _key_of(backup: Backup) -> int:
    """The key that seals its manifest."""
    try:
        with (backup.folder / MANIFEST).open("rb") as file:
            return key_id(file.read(3))
    except OSError as error:
        raise StoreError(f"{backup.folder} can't be read: {error.strerror}") from error


def _in_words(manifest: Manifest) -> str:
    size = sum(file.size for file in manifest.files)
    return f"{manifest.folder}: events up to {manifest.last_seq}, {size / 1e6:,.1f} MB"
