"""The mappings in force: who asks, who sets, who hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self, TypeAlias

from gateway.mapping.mapping import SET, WITHDRAW, Kept, SiteMapping, named, of_payload, payload_of
from gateway.mapping.overlay import Overlay
from gateway.mapping.tables import Tables
from gateway.model import DeviceEvent, Kind
from gateway.projection import Projection
from gateway.room import Auditor, Emit, Principal, RoomPorts
from gateway.seal import Keyring

NAME = "mapping"

_CODES = frozenset({SET, WITHDRAW})

Watcher: TypeAlias = Callable[[], Awaitable[None]]


class Mappings:
    """A mapping is an act of a person; it holds from when `set` returns until it is withdrawn.

    A `gateway.room.Subscriber`. Whatever waits may raise StoreError.
    """

    name = NAME

    def __init__(self, tables: Projection[Tables], ports: RoomPorts, audit: Auditor) -> None:
        self._tables, self._ports, self._audit = tables, ports, audit
        self._watchers: list[Watcher] = []
        self.overlay = Overlay()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: Path, ring: Keyring, ports: RoomPorts, audit: Auditor
    ) -> AsyncIterator[Self]:
        """Open or create the tables in `folder`; what held the last time holds at once."""
        path = folder / f"{NAME}.sqlite"
        async with Projection[Tables].opened(path, ring, Tables, {Kind.ACTION}) as tables:
            mappings = cls(tables, ports, audit)
            await mappings._look()
            yield mappings

    def cursor(self) -> int:
        return self._tables.cursor()

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        await self._tables.apply(events, emit)
        if any(event.code.code in _CODES for event in events):
            await self._look()

    async def set(self, who: Principal, mapping: SiteMapping) -> None:
        """Let a mapping hold from now on; one of the same kind, scope and key is replaced."""
        of_payload(payload_of(mapping))
        await self._act(who, SET, mapping)

    async def withdraw(self, who: Principal, mapping: SiteMapping) -> None:
        """Let a mapping hold no longer. Events that it gave stay as they are."""
        await self._act(who, WITHDRAW, mapping)

    def find(self, kind: str, scope: str, key: str) -> Kept | None:
        """A mapping in force."""
        wanted = kind, scope, key
        return next((each for each in self.overlay.kept if _place(each.mapping) == wanted), None)

    def watch(self, watcher: Watcher) -> None:
        """Await `watcher` after each change, with the overlay in place."""
        self._watchers.append(watcher)

    async def _act(self, who: Principal, code: str, mapping: SiteMapping) -> None:
        kind, scope, key = _place(mapping)
        await self._audit.record(code, who, objects={"scope": scope, kind: key})
        seq = await self._ports.act(
            who, code, text=f"{kind} {key} ({scope})", payload=payload_of(mapping)
        )
        await self._tables.reached(seq)
        await self._look()

    async def _look(self) -> None:
        kept = await self._tables.ask(lambda tables: tables.all())
        if tuple(kept) == self.overlay.kept:
            return
        self.overlay = Overlay(kept)
        for watcher in self._watchers:
            await watcher()


def _place(mapping: SiteMapping) -> tuple[str, str, str]:
    return named(mapping), mapping.scope, mapping.key
