"""Watches the conditions of all alarms, and appends what changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from gateway.alarms.catalogue import define
from gateway.alarms.definition import Definition
from gateway.alarms.desk import AlarmDesk
from gateway.alarms.fact import Seen, expiry_event, seen_event, vanished_event
from gateway.alarms.machine import Step
from gateway.alarms.options import Alarms
from gateway.alarms.tables import Tables
from gateway.alarms.tracker import POINT_KINDS, Trackers
from gateway.driver import LinkEntry
from gateway.errors import StoreError
from gateway.model import DeviceEvent, Instant
from gateway.room import Emit, RoomContext, roused

log = logging.getLogger(__name__)

_TURN = 0.25
_TURNS_A_SECOND = 4
_QUARANTINE_TURNS = 40
_MOST_AGAIN = 20_000
_LAST_MINUTE = 60_000_000
"""What was stored in the last minute before the end, and not looked at, is looked at after a start.

Older events only say since when something holds: they were looked at, and nothing came of it.
"""


class Detector:
    """A subscriber without tables: what it told stands in those of the desk.

    Polled values come by `RoomContext.values`, stored or not, and everything else by the stream.
    Delays go by the domain clock and end without a further value. After a start, what was told
    before is known from the desk; what was stored and not looked at before the end is looked at;
    and from then on last values count when a device speaks again.
    """

    name = "alarm-conditions"

    def __init__(
        self, context: RoomContext, section: Alarms, desk: AlarmDesk, looked_at: int
    ) -> None:
        self._context, self._section, self._desk = context, section, desk
        self._begun_at = context.ports.last_seq
        self._cursor = max(looked_at, self._begun_at - _MOST_AGAIN)
        self._ready, self._wake = asyncio.Event(), asyncio.Event()
        self._polled: set[str] = set()
        self._links: Sequence[LinkEntry] | None = None
        self._definitions: dict[str, Definition] = {}
        self._numbers: dict[str, int] = {}
        self._trackers = Trackers((), {}, context.clock.now(), self._numbers)
        self._unsaid: list[DeviceEvent] = []
        self._turns = 0
        self._caught_up = self._failing = False
        self._again_from = Instant(0)
        self._stop: Callable[[], None] | None = None

    @property
    def definitions(self) -> dict[str, Definition]:
        """Every alarm of the site as configured now, by id."""
        self._configure()
        return self._definitions

    def cursor(self) -> int:
        return self._cursor

    async def apply(self, events: Sequence[DeviceEvent], _emit: Emit) -> None:
        """Take in what is stored, but for what was seen already as it was polled."""
        await self._ready.wait()
        for event in events:
            if event.seq > self._cursor:
                self._take(event)
        self._catch_up()

    async def run(self) -> None:
        """Watch until cancelled."""
        await self.begin()
        try:
            while True:
                await self.turn()
                await self._pause()
        finally:
            self.end()

    async def begin(self) -> None:
        """Take up where the desk stands."""
        context = self._context
        await self._desk.reached(self._begun_at)
        looked_at = await self._desk.ask(Tables.looked_at)
        self._cursor = max(looked_at, self._cursor)
        known = await self._desk.ask(Tables.known)
        self._configure()
        for id_, (device, number, active) in known.items():
            tracker = self._trackers.all.get(id_)
            if tracker is not None:
                tracker.number, tracker.delay.told = number, active
            else:
                self._vanish(id_, device, number, active=active)
        latest = context.values.latest()
        newest = max((each.received_at for each in latest), default=Instant(0))
        self._again_from = Instant(newest - _LAST_MINUTE)
        self._trackers.remember(each for each in latest if each.seq <= self._cursor)
        self._catch_up()
        self._stop = context.values.watch(self._see_poll)
        self._ready.set()

    def end(self) -> None:
        if self._stop is not None:
            self._stop()

    def _take(self, event: DeviceEvent) -> None:
        self._cursor = event.seq
        if event.kind not in POINT_KINDS or event.source.device not in self._polled:
            self._trackers.see((event,))
            if self._caught_up:
                self._note_due(self._context.clock.now())
            elif event.received_at >= self._again_from:
                self._note_due(event.received_at)

    def _catch_up(self) -> None:
        """What was stored before the start is looked at: from here on, time passes."""
        if not self._caught_up and self._cursor >= self._begun_at:
            self._caught_up = True
            self._trackers.doubt(self._context.clock.now())

    async def _pause(self) -> None:
        """Until the next turn, or until there is something to tell."""
        self._wake.clear()
        await roused(self._wake, _TURN)

    async def turn(self) -> None:
        """Tell what is due by now; what the store refuses is told when it takes it again."""
        if not self._caught_up:
            return
        now = self._context.clock.now()
        try:
            await self._say()
            self._configure()
            if self._turns % _TURNS_A_SECOND == 0:
                self._trackers.look_for_silence(now)
                await self._end_shelves(now)
            if self._turns % _QUARANTINE_TURNS == 0:
                waiting = await self._context.ports.waiting(1)
                self._trackers.look_at_quarantine(waiting > 0, now)
            self._turns += 1
            self._note_due(now)
            await self._say()
        except StoreError as error:
            if not self._failing:
                log.warning("Alarms can't be stored; they are told when they can: %s", error)
            self._failing = True

    def _note_due(self, now: Instant) -> None:
        if self._failing or not self._ready.is_set():
            return
        site = self._context.site.id
        for tracker, taken, since in self._trackers.turned(now):
            children: tuple[str, ...] = ()
            if taken is Step.ACTIVATE:
                children = tuple(self._trackers.children(tracker.definition.id))
            trigger = tracker.trigger
            seen = Seen(
                tracker.definition, tracker.number, taken, since, trigger, children, self._cursor
            )
            self._unsaid.append(seen_event(site, seen, now))
            tracker.number += 1
            self._wake.set()

    async def _say(self) -> None:
        """Append what is noted. While that fails nothing more is noted: memory stays bounded."""
        if self._unsaid:
            saying = tuple(self._unsaid)
            await self._context.ports.publish(saying)
            del self._unsaid[: len(saying)]
        if self._failing:
            log.info("Alarms are stored again.")
            self._failing = False

    async def _end_shelves(self, now: Instant) -> None:
        over = await self._desk.ask(lambda tables: tables.shelves_over(now))
        for alarm in over:
            shelf = alarm.state.shelf
            if shelf is not None:
                event = expiry_event(
                    self._context.site.id,
                    alarm.id,
                    alarm.device,
                    shelved=alarm.seq,
                    until=shelf.until,
                    now=now,
                )
                self._unsaid.append(event)

    def _configure(self) -> None:
        """Take over devices and links as they are configured now."""
        links = self._context.links()
        if links is self._links:
            return
        self._links = links
        before, now = self._trackers, self._context.clock.now()
        self._definitions = define(links, self._section)
        latest = self._context.values.latest() if before.all else ()
        self._trackers = before.replaced(self._definitions.values(), latest, now, self._numbers)
        for id_, tracker in before.all.items():
            if id_ not in self._trackers.all:
                told, device = tracker.delay.told, tracker.definition.device
                self._vanish(id_, device, tracker.number, active=told)
        self._polled.clear()

    def _vanish(self, alarm: str, device: str, number: int, *, active: bool) -> None:
        """Clear an alarm that is no more, and keep its number for when it is put back."""
        self._numbers[alarm] = number + active
        if active:
            now = self._context.clock.now()
            event = vanished_event(self._context.site.id, alarm, device, number=number, now=now)
            self._unsaid.append(event)

    def _see_poll(self, events: Sequence[DeviceEvent]) -> None:
        if events:
            self._polled.add(events[0].source.device)
            self._trackers.see(events)
            self._note_due(self._context.clock.now())
