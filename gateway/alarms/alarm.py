"""An alarm as it stands, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from gateway.alarms.machine import NEEDS_ACKNOWLEDGEMENT, Shelf, Standing, State
from gateway.model import Instant, Localized, RawId
from gateway.profile import Priority


@dataclass(frozen=True, slots=True)
class Alarm:
    """`since` is when its standing began, `raised` when it last began to want a person.

    `occurrence` counts how often it did, `number` the changes of its condition. `facts` are of its
    definition when it was last seen, `seen` of the value that showed the last change; `actor`
    changed its standing last, if a person did. `seq` is of the last event that concerned it.
    """

    id: str
    device: str
    state: State
    since: Instant
    raised: Instant
    occurrence: int
    number: int
    seq: int
    raw_id: RawId | None
    facts: Mapping[str, Any]
    seen: Mapping[str, Any]
    actor: str

    @property
    def standing(self) -> Standing:
        return self.state.standing

    @property
    def priority(self) -> Priority:
        return Priority(self.facts.get("priority", Priority.LOW))

    @property
    def wants_acknowledgement(self) -> bool:
        return self.standing in NEEDS_ACKNOWLEDGEMENT

    def text(self, fact: str) -> Localized:
        """One of its texts: `name`, `subject`, `place`, `consequence`, `advice`."""
        said: Localized = self.facts.get(fact, "")
        return said


@dataclass(frozen=True, slots=True)
class Happened:
    """A step of an alarm. `refused` says why nothing changed."""

    seq: int
    alarm: str
    step: str
    standing: Standing
    at: Instant
    actor: str
    note: str
    refused: str
    raw_id: RawId | None


class AlarmRow(NamedTuple):
    """The columns of the table `alarm`, in its order."""

    id: str
    device: str
    standing: str
    rank: int
    since: int
    raised: int
    occurrence: int
    number: int
    active: int
    shelved_until: int | None
    seq: int
    raw: int | None
    state: str
    facts: str
    seen: str
    actor: str


def alarm_of(row: AlarmRow) -> Alarm:
    return Alarm(
        row.id,
        row.device,
        _state(orjson.loads(row.state)),
        Instant(row.since),
        Instant(row.raised),
        row.occurrence,
        row.number,
        row.seq,
        None if row.raw is None else RawId(row.raw),
        orjson.loads(row.facts),
        orjson.loads(row.seen),
        row.actor,
    )


def row_of(alarm: Alarm) -> AlarmRow:
    state = alarm.state
    return AlarmRow(
        alarm.id,
        alarm.device,
        state.standing,
        alarm.priority.rank,
        alarm.since,
        alarm.raised,
        alarm.occurrence,
        alarm.number,
        int(state.active),
        state.shelf.until if state.shelf is not None else None,
        alarm.seq,
        alarm.raw_id,
        orjson.dumps(_said(state)).decode(),
        orjson.dumps(alarm.facts).decode(),
        orjson.dumps(alarm.seen).decode(),
        alarm.actor,
    )


def _said(state: State) -> dict[str, Any]:
    shelf = state.shelf
    return {
        "active": state.active,
        "acknowledged": state.acknowledged,
        "latched": state.latched,
        "shelf": None if shelf is None else [shelf.until, shelf.reason, shelf.by, shelf.one_shot],
        "causes": sorted(state.causes),
        "out": state.out_of_service,
    }


def _state(said: Mapping[str, Any]) -> State:
    shelf = said["shelf"]
    return State(
        said["active"],
        said["acknowledged"],
        said["latched"],
        None if shelf is None else Shelf(*shelf),
        frozenset(said["causes"]),
        said["out"],
    )
