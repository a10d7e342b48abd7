"""Rows of the alarms' tables, in the reader's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

from gateway.alarms.alarm import Alarm
from gateway.alarms.definition import Definition, Limit, Stale
from gateway.alarms.fact import words
from gateway.model import Instant, Localized
from gateway.profile import Priority
from gateway.room import Choice, Column, Level, Search, Table

Text: TypeAlias = Callable[[Localized], str]

LEVELS = {
    Priority.CRITICAL: Level.HIGH,
    Priority.HIGH: Level.HIGH,
    Priority.MEDIUM: Level.MEDIUM,
    Priority.LOW: Level.LOW,
}


@dataclass(frozen=True, slots=True)
class Row:
    """An alarm as the list shows it. `since` is written for a file."""

    alarm: Alarm
    since: str
    what: str
    subject: str
    seen: str
    place: str
    advice: str

    @property
    def path(self) -> str:
        return path_of(self.alarm.id)

    @property
    def level(self) -> Level:
        return LEVELS[self.alarm.priority]

    @classmethod
    def of(cls, alarm: Alarm, text: Text, zone: ZoneInfo) -> Row:
        return cls(
            alarm,
            _written(alarm.since, zone),
            text(alarm.text("name")),
            text(alarm.text("subject")) or alarm.device,
            text(words({**alarm.facts, "place": ""}, alarm.seen)),
            text(alarm.text("place")),
            text(alarm.text("advice")),
        )


ALARMS: Table[Row] = Table(
    "alarms",
    (
        Column("priority", "Priority", lambda row: row.alarm.priority.rank),
        Column("standing", "State", lambda row: row.alarm.standing),
        Column("since", "Since", lambda row: row.since),
        Column("what", "What", lambda row: f"{row.subject}: {row.what}"),
        Column("seen", "Seen", lambda row: row.seen),
        Column("", "What to do", lambda row: row.advice),
        Column("", "Action", lambda row: row.alarm.id),
    ),
    (
        Choice("priority", "Priority", lambda row: row.alarm.priority, context="priority"),
        Choice("standing", "State", lambda row: row.alarm.standing, context="standing"),
        Search("q", "Search", lambda row: f"{row.subject} {row.what} {row.place} {row.alarm.id}"),
    ),
    size=100,
)


def limit_of(definition: Definition) -> str:
    """The limit of a definition, with its unit."""
    match definition.condition:
        case Limit(above=above, limit=limit, unit=unit):
            return f"{'>' if above else '<'} {limit:g} {unit}"
        case Stale(after=after):
            return f"{after / 1_000_000:g} s"
        case _:
            return ""


DEFINED: Table[Definition] = Table(
    "alarm-definitions",
    (
        Column("id", "Alarm", lambda each: each.id),
        Column("priority", "Priority", lambda each: each.priority.rank),
        Column("severity", "Severity", lambda each: each.severity),
        Column("respond", "Minutes to respond", lambda each: each.respond / 60e6, right=True),
        Column("limit", "Limit", limit_of, right=True),
        Column("delay", "Delay (s)", lambda each: each.on_delay / 1e6, right=True),
        Column("latch", "Latches", lambda each: "x" if each.latch else ""),
    ),
    (
        Choice("priority", "Priority", lambda each: each.priority, context="priority"),
        Choice("device", "Device", lambda each: each.device),
        Search("q", "Search", lambda each: each.id),
    ),
    size=200,
)


def path_of(alarm: str) -> str:
    """The page of an alarm."""
    return f"/alarms/{quote(alarm)}"


def _written(instant: Instant, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(instant / 1e6, zone).strftime("%Y-%m-%d %H:%M:%S")
