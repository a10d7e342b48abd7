"""What is known of each alarm's condition at this moment. In memory; pure but for the clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.alarms.definition import (
    GATEWAY,
    Definition,
    Limit,
    LinkDown,
    Offline,
    Stale,
    System,
    Waiting,
    Word,
)
from gateway.alarms.delay import Delay
from gateway.alarms.judge import meets, trusted
from gateway.alarms.machine import Step
from gateway.model import DeviceEvent, Instant, Kind, Micros
from gateway.registry import DeviceState
from gateway.supervisor import LINK_PREFIX, LinkState

POINT_KINDS = frozenset({Kind.MEASUREMENT, Kind.STATE})


@dataclass(slots=True)
class Tracker:
    """One alarm: its delay, how many changes were told, and what showed the last one.

    `truth` is what its point last said, trusted or not for the moment; `heard` when it last had
    a good value (of a stale alarm). `happened` counts what raised an alarm that is over at once,
    and has not been told yet.
    """

    definition: Definition
    delay: Delay
    number: int = 0
    trigger: DeviceEvent | None = None
    truth: bool | None = None
    heard: Instant | None = None
    happened: int = 0

    @classmethod
    def of(cls, definition: Definition, number: int = 0, *, active: bool = False) -> Tracker:
        delay = Delay(definition.on_delay, definition.off_delay, active)
        return cls(definition, delay, number)


class Trackers:
    """The alarms of a site by what they watch.

    Where a definition did not change, the `known` tracker goes on; a changed one keeps what was
    told, and clears if its condition is no longer met. One that is not known goes on counting from
    its number in `numbers`: an alarm may be taken out and put back. `states` are of devices.
    """

    def __init__(
        self,
        definitions: Iterable[Definition],
        known: Mapping[str, Tracker],
        now: Instant,
        numbers: Mapping[str, int],
        states: Mapping[str, str] | None = None,
    ) -> None:
        self.all: dict[str, Tracker] = {}
        self.waiting: Tracker | None = None
        self._points: dict[str, dict[str, list[Tracker]]] = {}
        self._devices: dict[str, Tracker] = {}
        self._states: dict[str, str] = dict(states or {})
        self._system: dict[str, list[Tracker]] = {}
        self._stale: list[tuple[Tracker, Micros]] = []
        self._pending: dict[str, Tracker] = {}
        for definition in definitions:
            tracker = known.get(definition.id)
            if tracker is None or tracker.definition != definition:
                number, active = (numbers.get(definition.id, 0), False)
                if tracker is not None:
                    number, active = tracker.number, tracker.delay.told
                tracker = Tracker.of(definition, number, active=active)
            tracker.heard = tracker.heard or now
            self._add(tracker)

    def see(self, events: Iterable[DeviceEvent]) -> None:
        """Take in what devices and the gateway say, in the order in which it came."""
        for event in events:
            if event.kind in POINT_KINDS:
                points = self._points.get(event.source.device)
                for tracker in points.get(event.code.code, ()) if points else ():
                    self._see_point(tracker, event)
            elif event.kind is Kind.AVAILABILITY:
                self._see_device(event)
            elif event.kind is Kind.SYSTEM and event.source.device == GATEWAY:
                for tracker in self._system.get(event.code.code, ()):
                    self._see_system(tracker, event)

    def remember(self, events: Iterable[DeviceEvent]) -> None:
        """Take in last values as they stood: they say since when something holds.

        What happened and was over at once happened before.
        """
        self.see(events)
        for tracker in self.all.values():
            tracker.happened = 0

    def doubt(self, now: Instant) -> None:
        """After a start: what a device or a link said before counts when it speaks again."""
        for tracker in self.all.values():
            tracker.heard = now
            if not isinstance(tracker.definition.condition, System):
                tracker.delay.sure = False

    def replaced(
        self,
        definitions: Collection[Definition],
        latest: Sequence[DeviceEvent],
        now: Instant,
        numbers: Mapping[str, int],
    ) -> Trackers:
        """Those of other definitions, while everything runs.

        Fresh and changed ones are shown the last values; the others saw them when they came.
        """
        news = [each for each in definitions if not self._goes_on(each)]
        fresh = Trackers(news, self.all, now, numbers)
        fresh._take_over(latest)
        states = self._states | fresh._states
        return Trackers(definitions, self.all | fresh.all, now, numbers, states)

    def _goes_on(self, definition: Definition) -> bool:
        tracker = self.all.get(definition.id)
        return tracker is not None and tracker.definition == definition

    def _take_over(self, events: Sequence[DeviceEvent]) -> None:
        self.remember(event for event in events if event.kind is Kind.AVAILABILITY)
        away = {device for device in self._states if self._is_away(device)}
        self.remember(
            event
            for event in events
            if event.kind is not Kind.AVAILABILITY and event.source.device not in away
        )

    def look_for_silence(self, now: Instant) -> None:
        """Let time pass for the alarms of points without a current value.

        While a device does not answer, its points say nothing.
        """
        for tracker, after in self._stale:
            heard = tracker.heard
            if heard is None or now < heard or self._is_away(tracker.definition.device):
                tracker.heard = now
                self._look(tracker, None, now)
            elif now - heard >= after:
                self._look(tracker, truth=True, at=now)

    def look_at_quarantine(self, waiting: bool, now: Instant) -> None:  # noqa: FBT001
        """Take in whether messages wait in quarantine."""
        if self.waiting is not None:
            self._look(self.waiting, waiting, now)

    def turned(self, now: Instant) -> Iterator[tuple[Tracker, Step, Instant]]:
        """What must be told now, each once: the alarm, its step, since when."""
        for id_, tracker in list(self._pending.items()):
            for _ in range(tracker.happened):
                yield tracker, Step.ACTIVATE, now
                yield tracker, Step.CLEAR, now
            tracker.happened = 0
            was = tracker.delay.told
            since = tracker.delay.turn(now)
            if since is not None:
                yield tracker, Step.CLEAR if was else Step.ACTIVATE, since
            if tracker.delay.since is None:
                del self._pending[id_]

    def children(self, alarm: str) -> Iterator[str]:
        """Ids of the alarms that are suppressed while `alarm` is active."""
        for tracker in self.all.values():
            if alarm in tracker.definition.suppressed_by:
                yield tracker.definition.id

    def _add(self, tracker: Tracker) -> None:
        definition = tracker.definition
        self.all[definition.id] = self._pending[definition.id] = tracker
        match definition.condition:
            case Limit(code=code) | Word(code=code) | Stale(code=code):
                points = self._points.setdefault(definition.device, {})
                points.setdefault(code, []).append(tracker)
            case Offline():
                self._devices[definition.device] = tracker
            case LinkDown(link=link):
                self._system.setdefault(f"{LINK_PREFIX}{link}", []).append(tracker)
            case System(code=code):
                self._system.setdefault(code, []).append(tracker)
            case Waiting():
                self.waiting = tracker
        if isinstance(definition.condition, Stale):
            self._stale.append((tracker, definition.condition.after))

    def _is_away(self, device: str) -> bool:
        return self._states.get(device) in {DeviceState.OFFLINE, DeviceState.WAITING}

    def _see_point(self, tracker: Tracker, event: DeviceEvent) -> None:
        condition, good = tracker.definition.condition, trusted(event)
        if isinstance(condition, Limit | Word):
            truth = meets(event, condition, was=tracker.delay.told) if good else None
            tracker.truth = truth
            self._look(tracker, truth, event.received_at, event)
        elif good:
            tracker.heard = event.received_at
            self._look(tracker, truth=False, at=event.received_at, event=event)

    def _see_device(self, event: DeviceEvent) -> None:
        device = event.source.device
        said = event.value.text if event.value is not None else ""
        self._states[device] = said
        self._trust_points(device, event.received_at)
        tracker = self._devices.get(device)
        if tracker is None:
            return
        at_fault = said == DeviceState.OFFLINE and not (event.payload or {}).get("link")
        truth = False if said == DeviceState.ONLINE else True if at_fault else None
        self._look(tracker, truth, event.received_at, event)

    def _trust_points(self, device: str, at: Instant) -> None:
        """What the points of a device said is certain as long as it answers."""
        away = self._is_away(device)
        for trackers in self._points.get(device, {}).values():
            for tracker in trackers:
                if not isinstance(tracker.definition.condition, Stale):
                    self._look(tracker, None if away else tracker.truth, at)

    def _see_system(self, tracker: Tracker, event: DeviceEvent) -> None:
        said = event.value.text if event.value is not None else ""
        at = event.received_at
        match tracker.definition.condition:
            case LinkDown():
                self._look(tracker, said in {LinkState.DOWN, LinkState.FAILED}, at, event)
            case System(raises=raises, clears=clears) if clears:
                if said in raises or said in clears:
                    self._look(tracker, said in raises, at, event)
            case System(raises=raises) if not raises or said in raises:
                tracker.happened += 1
                tracker.trigger = event
                self._pending[tracker.definition.id] = tracker
            case _:
                pass

    def _look(
        self,
        tracker: Tracker,
        truth: bool | None,  # noqa: FBT001 - it is what is seen
        at: Instant,
        event: DeviceEvent | None = None,
    ) -> None:
        """Hand on what is seen, and keep the event that would show a change, if this is one."""
        delay = tracker.delay
        began = delay.since is None
        delay.see(truth, at)
        if began and delay.since is not None:
            tracker.trigger = event
            self._pending[tracker.definition.id] = tracker
