"""What a hospital's own service is told, which tells the patients: by WeChat, by SMS.

A telling is owed to the outbox, durably, as soon as the queue stands so, and each step of a ticket
once to each outlet however often it is looked at. What is told is masked as on a display; whom to
tell the service knows by the appointment's own numbers, which it gave out itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import ProtocolViolation
from gateway.model import Clock, Instant
from gateway.notify.courier import Courier
from gateway.notify.lookout import Lookout
from gateway.notify.way import Way, WebhookWay, webhook_client
from gateway.room import Delivery, RoomContext, roused, steadily
from queue_display.board import mask
from queue_display.estimate import Wait
from queue_display.options import OutletOptions, OutletRule, Step
from queue_display.scene import Entry, Lane, Scene, Stage
from queue_display.terms import LANGUAGES, State, spoken

log = logging.getLogger(__name__)

PREFIX = "outlet:"
CODE = "queue-outlets"
"""Code of the system event that says whether outlets can be told."""
_LOOK = 5.0
_MINUTE = 60_000_000

Owed = tuple[str, str, bytes]
"""Destination, key and body of a telling."""


@dataclass(frozen=True, slots=True)
class _Telling:
    """What a ticket gives to tell: since when, and the how manieth time it does."""

    entry: Entry
    since: Instant
    turn: int
    position: int | None = None


def tellings(
    scene: Scene, outlets: Mapping[str, OutletOptions], waits: Mapping[str, Wait], site: str
) -> list[Owed]:
    """All that is to be told as the queue stands; the key of each says which step it is."""
    return [
        (PREFIX + name, key, orjson.dumps({"key": key, "site": site, **said}))
        for name, outlet in outlets.items()
        for lane in scene.lanes.values()
        if not outlet.queues or lane.id in outlet.queues
        for rule in outlet.rules
        for key, said in _of_rule(scene.now, lane, outlet, rule, waits)
    ]


def _of_rule(
    now: Instant, lane: Lane, outlet: OutletOptions, rule: OutletRule, waits: Mapping[str, Wait]
) -> Iterable[tuple[str, dict[str, Any]]]:
    latest = now - round(outlet.minutes * _MINUTE)
    for each in _concerned(now, lane, rule):
        if each.since < latest:
            continue
        ticket = each.entry.ticket
        wait = waits.get(ticket.id)
        yield (
            f"queue:{ticket.id}:{rule.on}:{each.turn}",
            {
                "step": rule.on.value,
                "at": each.since // 1000,
                "ticket": ticket.label,
                "name": mask(each.entry.names, outlet.names, LANGUAGES[0]),
                "queue": spoken(lane.options.name),
                "place": spoken(lane.options.place or lane.options.name),
                "appointment": _numbers(each.entry),
                "wait": [wait.low, wait.high] if wait is not None else None,
                "position": each.position,
            },
        )


def _concerned(now: Instant, lane: Lane, rule: OutletRule) -> Iterable[_Telling]:
    match rule.on:
        case Step.CALLED:
            called = (each for each in lane.running if each.ticket.state is State.CALLED)
            return [_Telling(e, e.ticket.called or now, e.ticket.calls) for e in called]
        case Step.SKIPPED:
            skipped = (each for each in lane.aside if each.ticket.state is State.SKIPPED)
            return [_Telling(each, each.ticket.since, each.ticket.calls) for each in skipped]
        case Step.POSITION:
            near = enumerate(lane.waiting[: rule.position], 1)
            return [_Telling(each, now, rule.position, place) for place, each in near]
        case Step.CHECKED_IN:
            present = [*lane.waiting, *lane.aside]
            return [_Telling(each, each.ticket.checked_in or now, 1) for each in present]


def _numbers(entry: Entry) -> Mapping[str, str] | None:
    """The appointment as its source numbers it: `placer` and `filler` of HL7 SCH-1, SCH-2."""
    one = entry.appointment
    return {"placer": one.placer, "filler": one.filler} if one is not None else None


@dataclass(frozen=True, slots=True)
class _Timely:
    """A way that tells nothing which is older than `minutes`."""

    way: Way
    minutes: float
    clock: Clock
    most: int = 1

    async def tell(self, deliveries: Sequence[Delivery]) -> None:
        oldest = min(each.created for each in deliveries)
        if self.clock.now() - oldest > self.minutes * _MINUTE:
            raise ProtocolViolation(f"not told within {self.minutes:g} minutes, and wrong by now")
        await self.way.tell(deliveries)


class Outlets:
    """Owes what is to be told, and has it delivered."""

    def __init__(
        self,
        context: RoomContext,
        stage: Stage,
        waits: Callable[[], Mapping[str, Wait]],
        courier: Courier,
    ) -> None:
        self._context, self._stage, self._waits = context, stage, waits
        self.courier = courier
        self._lookout = Lookout(context.ports, context.clock, courier, CODE)
        self._owed: set[tuple[str, str]] = set()
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        stop = self._stage.book.watch(self._moved.set)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.courier.run(), name="queue-outlets-courier")
                group.create_task(self._follow(), name="queue-outlets-follow")
        finally:
            stop()

    async def turn(self) -> None:
        """Owe what the queue as it stands asks for and was not owed before."""
        scene = await self._stage.scene(self._context.clock.now())
        options = self._stage.options.outlets
        now_owed = tellings(scene, options, self._waits(), self._context.site.id)
        new = [each for each in now_owed if each[:2] not in self._owed]
        if new:
            await self._context.ports.outbox.enqueue_all(new)
            self.courier.wake([each[0] for each in new])
        self._owed = {each[:2] for each in now_owed}

    async def _follow(self) -> None:
        await steadily(
            self._look,
            lambda: roused(self._moved, _LOOK),
            lambda error: log.warning("Outlets are not told of the queue: %s", error),
        )

    async def _look(self) -> None:
        self._moved.clear()
        await self.turn()
        await self._lookout.look()


async def outlets_of(
    stack: AsyncExitStack,
    context: RoomContext,
    stage: Stage,
    waits: Callable[[], Mapping[str, Wait]],
) -> Outlets | None:
    """The outlets of the site's file with their connections; None where it has none."""
    ways: dict[str, Way] = {}
    for name, outlet in stage.options.outlets.items():
        client = await stack.enter_async_context(webhook_client(outlet.webhook))
        way = WebhookWay(outlet.webhook, client, context.clock)
        ways[PREFIX + name] = _Timely(way, outlet.minutes, context.clock)
    if not ways:
        return None
    return Outlets(context, stage, waits, Courier(context.ports.outbox, context.clock, ways, {}))
