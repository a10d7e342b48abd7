"""Where every alarm stands, folded from what was seen and what people did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import apsw

from gateway.alarms.alarm import Alarm, AlarmRow, Happened, alarm_of, row_of
from gateway.alarms.fact import CONDITION_SYSTEM, notice, transition_event, words
from gateway.alarms.machine import ANNUNCIATED, Facts, Refusal, Shelf, Standing, State, Step, step
from gateway.alarms.schema import SCHEMA
from gateway.model import DeviceEvent, Instant, Kind, RawId
from gateway.room import ACTION_SYSTEM

ACT = "alarms."
"""Begins the code of what a person does to an alarm; a `Step` follows."""

_COLUMNS = ", ".join(AlarmRow._fields)
_PUT = f"INSERT OR REPLACE INTO alarm VALUES({','.join('?' * len(AlarmRow._fields))})"
_STEP = "INSERT OR REPLACE INTO step VALUES(?,?,?,?,?,?,?,?,?)"
_STEPS = "SELECT seq, alarm, step, standing, at, actor, note, refused, raw FROM step"
_COUNTS = "SELECT standing, rank, count(*) FROM alarm WHERE standing <> 'normal' GROUP BY 1, 2"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many alarms stand how; `unacknowledged` by priority, CRITICAL first."""

    unacknowledged: tuple[int, int, int, int]
    standing: Mapping[Standing, int]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A step that an event takes on an alarm."""

    alarm: str
    device: str
    step: Step
    facts: Facts
    note: str = ""


class Tables:
    """The alarms, on the connection of their projection."""

    format: ClassVar = 2
    schema: ClassVar = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take every step; each change of standing follows as an event."""
        following: list[DeviceEvent] = []
        for event in events:
            if event.kind is Kind.ALARM and event.code.system == CONDITION_SYSTEM:
                following += self._seen(event)
            elif event.kind is Kind.ACTION and event.code.system == ACTION_SYSTEM:
                following += self._acted(event)
        return following

    def standing(self) -> list[Alarm]:
        """Every alarm that is not normal, the gravest and then the newest first."""
        sql = (
            f"SELECT {_COLUMNS} FROM alarm WHERE standing <> 'normal'"  # noqa: S608
            " ORDER BY rank DESC, since DESC, id"
        )
        return [alarm_of(AlarmRow(*row)) for row in self._connection.execute(sql)]

    def alarm(self, id_: str) -> Alarm | None:
        """One alarm, if anything ever happened to it."""
        sql = f"SELECT {_COLUMNS} FROM alarm WHERE id = ?"  # noqa: S608
        row = next(iter(self._connection.execute(sql, (id_,))), None)
        return None if row is None else alarm_of(AlarmRow(*row))

    def history(self, alarm: str = "", *, before: int = 0, limit: int = 100) -> list[Happened]:
        """What happened to an alarm, or to all, with a seq below `before`, newest first."""
        where, binds = ["seq < ?"], [before or (1 << 62)]
        if alarm:
            where.append("alarm = ?")
        chosen = (*binds, *((alarm,) if alarm else ()), limit)
        sql = f"{_STEPS} WHERE {' AND '.join(where)} ORDER BY seq DESC, alarm LIMIT ?"
        return [_happened(*row) for row in self._connection.execute(sql, chosen)]

    def outcome(self, seq: int) -> list[Happened]:
        """What an event did."""
        return [
            _happened(*row) for row in self._connection.execute(f"{_STEPS} WHERE seq = ?", (seq,))
        ]

    def counts(self) -> Counts:
        rows = self._connection.execute(_COUNTS)
        return _summed((Standing(said), rank, count) for said, rank, count in rows)

    def known(self) -> dict[str, tuple[str, int, bool]]:
        """Device, number of changes, and whether its condition is met, of every alarm."""
        rows = self._connection.execute("SELECT id, device, number, active FROM alarm")
        return {id_: (device, number, bool(active)) for id_, device, number, active in rows}

    def looked_at(self) -> int:
        """The seq up to which every condition was looked at, and what came of it stands here."""
        (upto,) = next(self._connection.execute("SELECT upto FROM looked_at"))
        return int(upto)

    def shelves_over(self, now: Instant) -> list[Alarm]:
        """Alarms whose time on the shelf is over."""
        sql = f"SELECT {_COLUMNS} FROM alarm WHERE shelved_until <= ?"  # noqa: S608
        return [alarm_of(AlarmRow(*row)) for row in self._connection.execute(sql, (now,))]

    def _seen(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        payload = event.payload or {}
        taken_step = Step(event.value.text if event.value is not None else "")
        said: Mapping[str, Any] = payload.get("alarm", {})
        facts = Facts(latches=bool(said.get("latch")), at=event.observed_at)
        alarm = self._or_new(event.code.code, event.source.device, event)
        if taken_step is not Step.EXPIRE:
            alarm = replace(alarm, number=alarm.number + 1)
            if taken_step is Step.ACTIVATE:
                alarm = replace(
                    alarm, facts=said, seen=payload.get("seen", {}), raw_id=event.raw_id
                )
        upto = payload.get("upto", 0)
        self._connection.execute("UPDATE looked_at SET upto = max(upto, ?)", (upto,))
        yield from self._take(event, alarm, taken_step, facts)
        for child in self._children(alarm.id, taken_step, payload):
            yield from self._take_child(event, child, alarm.id, taken_step)

    def _children(self, alarm: str, taken: Step, payload: Mapping[str, Any]) -> list[str]:
        """The alarms that are suppressed by what was seen, or no longer; kept as `cause`."""
        if taken is Step.ACTIVATE:
            children: list[str] = list(payload.get("suppresses", ()))
            rows = [(child, alarm) for child in children]
            self._connection.executemany("INSERT OR REPLACE INTO cause VALUES(?,?)", rows)
            return children
        if taken is not Step.CLEAR:
            return []
        rows_ = self._connection.execute("SELECT child FROM cause WHERE alarm = ?", (alarm,))
        children = [child for (child,) in rows_]
        self._connection.execute("DELETE FROM cause WHERE alarm = ?", (alarm,))
        return children

    def _take_child(
        self, event: DeviceEvent, child: str, cause: str, taken: Step
    ) -> Iterator[DeviceEvent]:
        alarm = self._or_new(child, child.partition("/")[0], event)
        way = Step.SUPPRESS if taken is Step.ACTIVATE else Step.UNSUPPRESS
        yield from self._take(event, alarm, way, Facts(cause=cause), note=cause)

    def _acted(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        if not event.code.code.startswith(ACT):
            return
        payload = event.payload or {}
        taken = Step(event.code.code.removeprefix(ACT))
        reason = event.value.text if event.value is not None else ""
        until = payload.get("until")
        shelf = None
        if until is not None:
            shelf = Shelf(Instant(until), reason, event.actor, bool(payload.get("one_shot")))
        alarm = self._or_new(payload["alarm"], payload.get("device", ""), event)
        if not alarm.facts:
            alarm = replace(alarm, facts=payload.get("facts", {}))
        yield from self._take(event, alarm, taken, Facts(shelf=shelf, reason=reason), note=reason)

    def _or_new(self, id_: str, device: str, event: DeviceEvent) -> Alarm:
        at = event.received_at
        new = Alarm(id_, device, State(), at, at, 0, 0, event.seq, None, {}, {}, "")
        return self.alarm(id_) or new

    def _take(
        self, event: DeviceEvent, before: Alarm, taken: Step, facts: Facts, *, note: str = ""
    ) -> Iterator[DeviceEvent]:
        """Take a step, keep what it made of the alarm, and tell of a change of standing."""
        outcome = step(before.state, taken, facts)
        refused = outcome.reason if isinstance(outcome, Refusal) else ""
        after = before if isinstance(outcome, Refusal) else _moved(before, outcome, event)
        after = replace(after, seq=event.seq)
        self._connection.execute(_PUT, row_of(after))
        said = (event.received_at, event.actor, note, refused, event.raw_id)
        self._connection.execute(_STEP, (event.seq, after.id, taken, after.standing, *said))
        if after.standing is not before.standing:
            yield _transition(event, before, after, taken, note)


def counted(alarms: Iterable[Alarm]) -> Counts:
    """How many of some alarms there are of each standing."""
    return _summed((each.standing, each.priority.rank, 1) for each in alarms)


def _summed(counts: Iterable[tuple[Standing, int, int]]) -> Counts:
    unacknowledged, standing = [0, 0, 0, 0], dict[Standing, int]()
    for where, rank, count in counts:
        standing[where] = standing.get(where, 0) + count
        if where in ANNUNCIATED:
            unacknowledged[3 - rank] += count
    critical, high, medium, low = unacknowledged
    return Counts((critical, high, medium, low), standing)


def _moved(alarm: Alarm, state: State, event: DeviceEvent) -> Alarm:
    moved = replace(alarm, state=state)
    if moved.standing is alarm.standing:
        return moved
    at = event.received_at
    moved = replace(moved, since=at, actor=event.actor)
    if moved.standing in ANNUNCIATED and alarm.standing not in ANNUNCIATED:
        return replace(moved, raised=at, occurrence=alarm.occurrence + 1)
    return moved


def _transition(
    event: DeviceEvent, before: Alarm, after: Alarm, taken: Step, note: str
) -> DeviceEvent:
    payload: dict[str, Any] = {
        "from": before.standing.value,
        "step": taken.value,
        "priority": after.priority.value,
        "occurrence": after.occurrence,
    }
    if note:
        payload["note"] = note
    wanted, wants = before.standing in ANNUNCIATED, after.standing in ANNUNCIATED
    if wanted is not wants:
        text = words(after.facts, after.seen)
        payload |= notice(after.id, after.occurrence, after.facts, text, standing=wants)
    return transition_event(event, after.id, after.device, after.standing, payload)


def _happened(*row: Any) -> Happened:
    seq, alarm, taken, standing, at, actor, note, refused, raw = row
    raw_id = None if raw is None else RawId(raw)
    return Happened(seq, alarm, taken, Standing(standing), at, actor, note, refused, raw_id)
