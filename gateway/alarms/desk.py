"""The alarms as they stand, and what people do to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.alarms.alarm import Alarm, Happened
from gateway.alarms.machine import Facts, Refusal, Shelf, State, Step, step
from gateway.alarms.tables import ACT, Counts, Tables
from gateway.model import Instant, Kind
from gateway.projection import Projection
from gateway.room import Principal, RoomPorts
from gateway.seal import Keyring


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to do to an alarm. `until` and `one_shot` are of a shelf."""

    step: Step
    reason: str = ""
    until: Instant | None = None
    one_shot: bool = False


class AlarmDesk(Projection[Tables]):
    """Every alarm, a moment behind the event store. Every method may raise StoreError."""

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, ring: Keyring) -> AsyncIterator[AlarmDesk]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, {Kind.ALARM, Kind.ACTION}) as desk:
            yield desk

    async def standing(self) -> list[Alarm]:
        """Every alarm that is not normal, the gravest and then the newest first."""
        return await self.ask(Tables.standing)

    async def alarm(self, id_: str) -> Alarm | None:
        return await self.ask(lambda tables: tables.alarm(id_))

    async def counts(self) -> Counts:
        return await self.ask(Tables.counts)

    async def history(
        self, alarm: str = "", *, before: int = 0, limit: int = 100
    ) -> list[Happened]:
        """What happened to an alarm, or to all, newest first."""
        return await self.ask(lambda tables: tables.history(alarm, before=before, limit=limit))

    async def act(
        self,
        ports: RoomPorts,
        who: Principal,
        alarm: str,
        wanted: Wanted,
        facts: Mapping[str, Any],
    ) -> Alarm | Refusal:
        """Do what a person wants; the alarm as it then stands, or why it was not done.

        What the state forbids is not even noted. Of two people who act at one moment, one is
        refused after both were noted. `facts` are of the alarm's definition.
        """
        now = await self.alarm(alarm)
        state = now.state if now is not None else State()
        shelf = None
        if wanted.until is not None:
            shelf = Shelf(wanted.until, wanted.reason, who.id, wanted.one_shot)
        tried = step(state, wanted.step, Facts(shelf=shelf, reason=wanted.reason))
        if isinstance(tried, Refusal):
            return tried
        payload = {"alarm": alarm, "device": facts.get("device", ""), "facts": dict(facts)}
        if wanted.until is not None:
            payload |= {"until": wanted.until, "one_shot": wanted.one_shot}
        seq = await ports.act(who, f"{ACT}{wanted.step}", text=wanted.reason, payload=payload)
        await self.reached(seq)
        refused = [each.refused for each in await self.ask(lambda tables: tables.outcome(seq))]
        after = await self.alarm(alarm)
        if after is None or any(refused):
            return Refusal(next((each for each in refused if each), "nothing came of it"))
        return after
