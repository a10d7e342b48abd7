"""Which device events move the queue: each becomes an event of the queue that names its cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import apsw

from gateway.keys import content_digest, event_id, occurrence_id
from gateway.model import ClockQuality, Coding, DeviceEvent, Instant, Kind, Source
from gateway.room import ACTION_SYSTEM
from queue_display.meant import SUSPECT
from queue_display.options import QueueRoomOptions, SignalOptions, SignalVerb
from queue_display.tables import ACT, SIGNAL
from queue_display.terms import Words, words

_LAG = 600 * 1_000_000
"""How long before the room opens an event may have come that was not looked at yet, µs."""

ROOM = "queue"
"""Who acts where the site lets device events act by themselves."""

_SAYS: dict[SignalVerb, Words] = {
    SignalVerb.ENTER: words("入室", "in the room"),
    SignalVerb.START: words("治疗开始", "treatment begun"),
    SignalVerb.FINISH: words("治疗完成", "treatment done"),
    SignalVerb.STOP: words("设备停用", "machine down"),
    SignalVerb.RESUME: words("设备恢复", "machine ready"),
    SignalVerb.BEAM: words("射束开启", "beam on"),
}


class SignalTables:
    """Remembers only how far it has read: what an event meant is decided once and is an event.

    Events older than `since` are past: a rule that is new moves nobody by what happened last week.
    """

    format: ClassVar = 1
    schema: ClassVar = "CREATE TABLE unused(id INTEGER PRIMARY KEY)"
    options: ClassVar[QueueRoomOptions]
    since: ClassVar[Instant]

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        return [
            signal_event(event, rule, automatic=rule.proposes in self._automatic(rule))
            for event in events
            if event.received_at >= self.since
            for rule in self.options.rules
            if matches(rule, event)
        ]

    def _automatic(self, rule: SignalOptions) -> Sequence[SignalVerb]:
        return self.options.queues[rule.queue].automatic


def tables_for(options: QueueRoomOptions, now: Instant) -> type[SignalTables]:
    """The tables of a site's rules, opened `now`."""

    class Own(SignalTables):
        pass

    Own.options, Own.since = options, Instant(now - _LAG)
    return Own


def kinds_of(options: QueueRoomOptions) -> frozenset[Kind]:
    """The kinds of events that a site's rules look at."""
    return frozenset(rule.kind for rule in options.rules)


def matches(rule: SignalOptions, event: DeviceEvent) -> bool:
    """Whether an event is one that a rule means."""
    value = event.value
    values = set() if value is None else {value.text, value.code.code if value.code else ""}
    return (
        event.kind is rule.kind
        and (not rule.device or rule.device == event.source.device)
        and (not rule.code or rule.code == event.code.code)
        and (not rule.value or rule.value in values)
        and all((event.payload or {}).get(key) == wanted for key, wanted in rule.where.items())
        and not (event.code.system == ACTION_SYSTEM and event.code.code.startswith(ACT))
    )


def happened(event: DeviceEvent) -> Instant:
    """When it was seen: by the device's own clock where that can be trusted, else when it came."""
    return event.observed_at if event.clock is ClockQuality.DEVICE else event.received_at


def signal_event(event: DeviceEvent, rule: SignalOptions, *, automatic: bool) -> DeviceEvent:
    """What an event says of a queue; made again it is the same event."""
    occurrence = content_digest(event.id, rule.queue.encode(), rule.proposes.encode())
    code = f"{ACT}{SIGNAL}"
    said = _SAYS[rule.proposes]
    told = f"{event.source.device} {event.code.code}"
    subject = event.subject
    patient = [subject.patient, subject.issuer] if subject and subject.patient else None
    return DeviceEvent(
        id=event_id(occurrence_id(event.site, ROOM, occurrence), code),
        site=event.site,
        source=Source(ROOM, ROOM),
        kind=Kind.ACTION,
        code=Coding(ACTION_SYSTEM, code),
        value=None,
        unit="",
        received_at=event.received_at,
        observed_at=happened(event),
        simulated=event.simulated,
        actor=ROOM,
        caused_by=event.id,
        payload={
            "queue": rule.queue,
            "verb": rule.proposes.value,
            "automatic": automatic,
            "patient": patient,
            SUSPECT: event.clock is ClockQuality.SUSPECT,
            "says": words(f"{said['zh-CN']}（{told}）", f"{said['en']} ({told})"),
        },
    )
