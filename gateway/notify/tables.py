"""The matters that people are or were told of, and what is silenced; folded from events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar

import apsw
import orjson

from gateway.keys import event_id, occurrence_id
from gateway.model import Coding, DeviceEvent, Instant, Kind, Source, Value
from gateway.notify.schema import SCHEMA
from gateway.room import ACTION_SYSTEM, Notice, notice_of, read_notice

NOTICE_SYSTEM = "urn:isogate:notice"
"""Code system of what the notifier itself does; the code is `escalate`, `late` or `unsilence`."""

SILENCE, UNSILENCE = "notify.silence", "notify.unsilence"
EVERYTHING = "*"
_LOOKED_AT = 5000
"""The matters that are looked at for those that one who is limited sees."""
_SOURCE = Source("gateway", "notify")
_COLUMNS = "key, seq, at, stage, open, hidden, notice"


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that people are told of. `at` is when it was first told.

    `hidden` is the seq of the event that was not told since a silence covered it, until it is.
    """

    key: str
    seq: int
    at: Instant
    stage: int
    open: bool
    hidden: int | None
    notice: Notice


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of a `scope` until a moment: a device, or EVERYTHING. Several may overlap."""

    id: int
    scope: str
    reason: str
    by: str
    since: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class Telling:
    """What an event makes us tell: a notice at a stage."""

    event: DeviceEvent
    notice: Notice
    stage: int


class Tables:
    """The matters, on the connection of their projection."""

    format: ClassVar = 2
    schema: ClassVar = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take in notices and silences; the events whose notices are to be told."""
        return [event for event in events if self._take(event)]

    def open(self) -> list[Matter]:
        """The matters that stand, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM matter WHERE open ORDER BY seq"  # noqa: S608
        return [_matter(*row) for row in self._connection.execute(sql)]

    def newest(self, limit: int, sees: Callable[[Notice], bool]) -> list[Matter]:
        """The matters that came last among those that somebody sees, newest first."""
        sql = f"SELECT {_COLUMNS} FROM matter ORDER BY seq DESC LIMIT ?"  # noqa: S608
        matters = (_matter(*row) for row in self._connection.execute(sql, (_LOOKED_AT,)))
        return list(islice((each for each in matters if sees(each.notice)), limit))

    def silences(self) -> list[Silence]:
        """Those that stand."""
        sql = "SELECT id, scope, reason, by, since, until FROM silence WHERE ended IS NULL"
        return [Silence(*row) for row in self._connection.execute(f"{sql} ORDER BY id")]

    def _take(self, event: DeviceEvent) -> bool:
        if event.kind is Kind.ACTION and event.code.system == ACTION_SYSTEM:
            self._act(event)
            return False
        if event.code.system == NOTICE_SYSTEM:
            return self._own(event)
        notice = notice_of(event)
        return notice is not None and self._noticed(event, notice)

    def _noticed(self, event: DeviceEvent, notice: Notice) -> bool:
        """Whether it is to be told now: what is over only if its beginning was."""
        if not notice.open:
            row = next(
                iter(
                    self._connection.execute(
                        "SELECT open AND (hidden IS NULL OR stage > 0) FROM matter WHERE key = ?",
                        (notice.key,),
                    )
                ),
                (0,),
            )
            self._connection.execute("UPDATE matter SET open = 0 WHERE key = ?", (notice.key,))
            return bool(row[0])
        hidden = self._hides(event, notice)
        self._connection.execute(
            "INSERT OR IGNORE INTO matter VALUES(?,?,?,0,1,?,?,?,?)",
            (
                notice.key,
                event.seq,
                event.received_at,
                hidden,
                notice.device,
                notice.source,
                orjson.dumps(notice.as_payload()).decode(),
            ),
        )
        return hidden is None

    def _hides(self, event: DeviceEvent, notice: Notice) -> int | None:
        """The event's seq if the silences that stand hide a notice from everybody."""
        return event.seq if covered(notice, self.silences(), event.received_at) else None

    def _own(self, event: DeviceEvent) -> bool:
        payload = event.payload or {}
        match event.code.code:
            case "escalate":
                hidden = self._hides(event, read_notice(payload))
                self._connection.execute(
                    "UPDATE matter SET stage = max(stage, ?), hidden = ? WHERE key = ?",
                    (payload["stage"], hidden, payload["key"]),
                )
                return hidden is None and self._is_open(payload["key"])
            case "late":
                hidden = self._hides(event, read_notice(payload))
                self._connection.execute(
                    "UPDATE matter SET hidden = ?, at = iif(stage = 0, ?, at) WHERE key = ?",
                    (hidden, event.received_at, payload["key"]),
                )
                return hidden is None and self._is_open(payload["key"])
            case _:
                self._end(payload["silence"], event.received_at)
                return False

    def _is_open(self, key: str) -> bool:
        row = self._connection.execute("SELECT open FROM matter WHERE key = ?", (key,))
        return bool(next(iter(row), (0,))[0])

    def _act(self, event: DeviceEvent) -> None:
        payload = event.payload or {}
        if event.code.code == SILENCE:
            reason = event.value.text if event.value is not None else ""
            self._connection.execute(
                "INSERT OR IGNORE INTO silence VALUES(?,?,?,?,?,?,NULL)",
                (
                    event.seq,
                    payload["scope"],
                    reason,
                    event.actor,
                    event.received_at,
                    payload["until"],
                ),
            )
        elif event.code.code == UNSILENCE:
            self._end(payload["silence"], event.received_at)

    def _end(self, silence: int, at: Instant) -> None:
        self._connection.execute(
            "UPDATE silence SET ended = ? WHERE id = ? AND ended IS NULL", (at, silence)
        )


def telling(event: DeviceEvent) -> Telling:
    """What an event that is to be told says."""
    notice = notice_of(event)
    if notice is None:
        raise ValueError(f"event {event.seq} carries no notice")
    return Telling(event, notice, int((event.payload or {}).get("stage", 0)))


def escalation(site: str, matter: Matter, stage: int, now: Instant) -> DeviceEvent:
    """The event that nobody has acknowledged a matter for long."""
    return _about(_bare(site, "escalate", f"{matter.key}:{stage}", now), matter, stage)


def late(site: str, matter: Matter, now: Instant) -> DeviceEvent:
    """The event that a matter still stands and is hidden no longer: what was not told is due."""
    identity = f"{matter.key}:{matter.hidden}"
    return _about(_bare(site, "late", identity, now), matter, matter.stage)


def silence_over(site: str, silence: Silence, now: Instant) -> DeviceEvent:
    """The event that a silence's time is over."""
    event = _bare(site, "unsilence", str(silence.id), now)
    return replace(event, payload={"silence": silence.id})


def _about(event: DeviceEvent, matter: Matter, stage: int) -> DeviceEvent:
    payload: dict[str, Any] = {"key": matter.key, "stage": stage, **matter.notice.as_payload()}
    return replace(event, payload=payload)


def _bare(site: str, code: str, identity: str, now: Instant) -> DeviceEvent:
    return DeviceEvent(
        id=event_id(occurrence_id(site, "gateway", b"notify"), f"{code}:{identity}"),
        site=site,
        source=_SOURCE,
        kind=Kind.ALARM,
        code=Coding(NOTICE_SYSTEM, code),
        value=Value(identity),
        unit="",
        received_at=now,
        observed_at=now,
    )


def covered(notice: Notice, silences: Iterable[Silence], now: Instant) -> bool:
    """Whether silences that have not ended by a moment tell nobody of a notice.

    One that stands for several devices is hidden where each of them is silenced: to repair one
    device hides no loss of the others.
    """
    scopes = {each.scope for each in silences if each.until > now}
    several = bool(notice.devices) and scopes.issuperset(notice.devices)
    return EVERYTHING in scopes or notice.device in scopes or several


def _matter(*row: Any) -> Matter:
    key, seq, at, stage, is_open, hidden, payload = row
    return Matter(key, seq, at, stage, bool(is_open), hidden, read_notice(orjson.loads(payload)))
