"""Follows notices, and owes each to whoever is to be told of it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson

from gateway.model import DeviceEvent, Instant, Kind
from gateway.notify.options import Notify
from gateway.notify.roster import Roster
from gateway.notify.tables import (
    SILENCE,
    UNSILENCE,
    Matter,
    Tables,
    Telling,
    covered,
    escalation,
    late,
    silence_over,
    telling,
)
from gateway.profile import Priority
from gateway.projection import Projection
from gateway.room import Emit, Principal, RoomContext

log = logging.getLogger(__name__)

_SECOND = 1_000_000
_TOO_OLD = 86_400 * _SECOND


class Notifier(Projection[Tables]):
    """One for all rooms. What is to be told lies in the outbox before the cursor moves on.

    A delivery's key is made of the matter, whether it stands, and the stage: the same telling is
    owed once to each destination, however often its event is read. What happened more than a day
    before it is read is told to nobody: then the tables were lost, not the news.
    """

    context: RoomContext
    section: Notify
    roster: Roster
    wake: Callable[[Sequence[str]], None]
    told: dict[str, bool]
    """Whether anybody was told of an old matter."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        context: RoomContext,
        section: Notify,
        roster: Roster,
        wake: Callable[[Sequence[str]], None],
    ) -> AsyncIterator[Notifier]:
        """Open or create the tables; `wake` is told the destinations that are newly owed."""
        path = context.data / "store" / "notify.sqlite"
        kinds = {Kind.ALARM, Kind.ACTION}
        async with cls.opened(path, context.ring, Tables, kinds) as notifier:
            notifier.context, notifier.section = context, section
            notifier.roster, notifier.wake, notifier.told = roster, wake, {}
            yield notifier

    async def apply(self, events: Sequence[DeviceEvent], emit: Emit) -> None:
        """Fold, and owe what is to be told before the tables commit."""
        del emit  # nothing follows into the event store
        await super().apply(events, self._owe)

    async def turn(self) -> None:
        """Append what is due by now: escalations, and the ends of silences."""
        site, now = self.context.site.id, self.context.clock.now()
        matters = await self.ask(Tables.open)
        silences = await self.ask(Tables.silences)
        longest = round(self.section.max_silence * _SECOND)
        events = [
            silence_over(site, each, now)
            for each in silences
            if min(each.until, each.since + longest) <= now
        ]
        for matter in matters:
            if covered(matter.notice, silences, now):
                continue
            if matter.hidden is None:
                events += [
                    each for each in self._escalated(matter, now) if await self._was_told(matter)
                ]
            else:
                events.append(late(site, matter, now))
        if events:
            await self.context.ports.publish(events)

    async def silence(self, who: Principal, scope: str, reason: str, until: Instant) -> None:
        """Tell nobody of a scope until a moment; what still stands then is told then.

        ValueError if that moment is past, or further off than the site allows: ask `latest`.
        """
        if not self.context.clock.now() < until <= self.latest():
            raise ValueError("no silence lasts for so long here")
        payload: dict[str, Any] = {"scope": scope, "until": until}
        seq = await self.context.ports.act(who, SILENCE, text=reason, payload=payload)
        await self.reached(seq)

    def latest(self) -> Instant:
        """The last moment until which a silence may last."""
        return Instant(self.context.clock.now() + round(self.section.max_silence * _SECOND))

    async def unsilence(self, who: Principal, silence: int) -> None:
        """End a silence before its time."""
        seq = await self.context.ports.act(who, UNSILENCE, payload={"silence": silence})
        await self.reached(seq)

    def _escalated(self, matter: Matter, now: Instant) -> list[DeviceEvent]:
        stages = self.roster.stages(matter.notice)
        due = [
            stage
            for stage, after in enumerate(stages, 1)
            if stage > matter.stage and matter.at + after * _SECOND <= now
        ]
        return [escalation(self.context.site.id, matter, stage, now) for stage in due]

    async def _was_told(self, matter: Matter) -> bool:
        """Whether anybody was: what was too old when it was read is nobody's news later either."""
        if self.context.clock.now() - matter.at <= _TOO_OLD:
            return True
        if matter.key not in self.told:
            fates = await self.context.ports.outbox.fates(f"{matter.key}:", 1)
            self.told[matter.key] = bool(fates)
        return self.told[matter.key]

    async def _owe(self, events: Sequence[DeviceEvent]) -> None:
        now = self.context.clock.now()
        owed: dict[bool, list[tuple[str, str, bytes]]] = {True: [], False: []}
        for event in events:
            if now - event.received_at > _TOO_OLD:
                log.warning("A notice of event %d is older than a day and not told.", event.seq)
            else:
                told = telling(event)
                owed[told.notice.priority is Priority.CRITICAL] += self._deliveries(told)
        for urgent, several in owed.items():
            if several:
                await self.context.ports.outbox.enqueue_all(several, urgent=urgent)
                self.wake([destination for destination, _, _ in several])

    def _deliveries(self, told: Telling) -> list[tuple[str, str, bytes]]:
        notice, stage, at = told.notice, told.stage, told.event.received_at
        names = self.roster.recipients(notice, stage, at)
        key = f"{notice.key}:{'open' if notice.open else 'over'}:{stage}"
        payload = {
            "key": key,
            "stage": stage,
            "at": at,
            "site": self.context.site.id,
            "simulated": told.event.simulated,
            **notice.as_payload(),
        }
        body = orjson.dumps(payload)
        return [(self.destination(name), key, body) for name in names]

    def destination(self, name: str) -> str:
        """The outbox's name for a person or a webhook."""
        return f"{'mail' if name in self.section.people else 'webhook'}:{name}"
