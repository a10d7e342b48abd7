"""What the engine does by itself: it tells of a restart, and forgets what is finished."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dicom.services.workitems import Actor
from dicom.ups.engine import Engine
from dicom.ups.events import FORGET, RESTARTED, Receiver, Telling
from dicom.ups.news import restarted
from dicom.ups.terms import GLOBAL
from gateway import DeviceEvent, Instant
from gateway.room import steadily

log = logging.getLogger(__name__)

_FORGET_EVERY = 600.0
_FORGET_AT_ONCE = 500
_AGAIN = 5.0
"""Seconds until a restart that could not be told is told again."""
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Tending:
    """The job beside an engine."""

    engine: Engine

    async def run(self) -> None:
        """Tell subscribers that we are back; then forget what is final and held by nobody.

        While the store refuses it is tried again; that we are back is told once.
        """
        restart, told = os.urandom(16), False

        async def turn() -> None:
            nonlocal told
            if told:
                await self.forget()
            else:
                await self.engine.to_its_end(self._tell_restart(restart))
                told = True

        await steadily(
            turn,
            lambda: asyncio.sleep(_FORGET_EVERY if told else _AGAIN),
            lambda error: log.warning("Work items are not tended now: %s", error),
        )

    async def forget(self) -> int:
        """Drop final items that are older than the site keeps them; how many."""
        forgotten: int = await self.engine.to_its_end(self._forget())
        return forgotten

    async def _tell_restart(self, restart: bytes) -> None:
        """The same `restart` twice is one event: a commit that was said to fail may be one."""

        async def make() -> Sequence[Any]:
            known = await self.engine.items.ask(lambda tables: tables.all_receivers())
            titles = {each.title for each in known}
            peers = [self.engine.reporter.lines[name].peer for name in self.engine.options.told]
            others = [Receiver(each.title, each.calling) for each in peers]
            receivers = [*known, *(each for each in others if each.title not in titles)]
            if not receivers:
                return []
            tellings = [Telling(GLOBAL, restarted(), receivers).said()]
            return [self._event(RESTARTED, restart, {"tell": tellings})]

        await self.engine.publish(make, again=True)

    async def _forget(self) -> int:
        forgotten: list[str] = []

        async def make() -> Sequence[Any]:
            nonlocal forgotten
            before = Instant(self.engine.now() - self.engine.options.keep_hours * _HOUR)
            forgotten = await self.engine.items.ask(
                lambda tables: tables.due(before, _FORGET_AT_ONCE)
            )
            if not forgotten:
                return []
            return [self._event(FORGET, os.urandom(16), {"uids": forgotten})]

        await self.engine.publish(make)
        return len(forgotten)

    def _event(self, code: str, identity: bytes, said: Mapping[str, Any]) -> DeviceEvent:
        engine, actor = self.engine, Actor(room="dicom")
        return engine.writer.of_subscription(code, identity, actor, engine.now(), said)
