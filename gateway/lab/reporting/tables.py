"""Critical values and reports of them, folded from changes of the list and from what people did."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import apsw
import orjson

from gateway.keys import event_id, occurrence_id
from gateway.lab.listing import LISTING_SYSTEM, Listing
from gateway.lab.reporting.schema import SCHEMA
from gateway.lab.reporting.state import CriticalValue, Report, State, Way, listed_as, told
from gateway.model import Coding, DeviceEvent, Instant, Kind, Source, Value
from gateway.room import ACTION_SYSTEM

REPORT = "critical.report"
_REPORT = Coding(ACTION_SYSTEM, REPORT)
STATE_SYSTEM = "urn:isogate:critical-report"
"""Code system of the events of these tables; the code is a `State`, the value the test's code."""

_COLUMNS = "result, seq, device, test, state, at, since"
_SEEN = "(?1 IS NULL OR device IN (SELECT value FROM json_each(?1)))"
_WAITS = f"state IN ('waiting', 'to-retract') AND {_SEEN}"
_OPEN = f"SELECT {_COLUMNS} FROM value WHERE {_WAITS} ORDER BY since LIMIT ?2"  # noqa: S608
_COUNT = f"SELECT count(*) FROM value WHERE {_WAITS}"  # noqa: S608
_DONE = f"""
SELECT {_COLUMNS} FROM value WHERE state NOT IN ('waiting', 'to-retract') AND {_SEEN}
ORDER BY since DESC LIMIT ?2
"""  # noqa: S608
_PUT = """
INSERT INTO value VALUES(?,?,?,?,?,?,?,?)
ON CONFLICT(result) DO UPDATE SET state = excluded.state, since = excluded.since,
  raised = excluded.raised
"""
_TOLD = "INSERT INTO report VALUES(?,?,?,?,?,?,?)"


@dataclass(frozen=True, slots=True)
class _Standing:
    """A value before a change; `raised` is the seq of what made somebody have to be told."""

    result: bytes
    seq: int
    device: str
    test: str
    state: State | None = None
    raised: int = 0


class Tables:
    """The values, on the connection of their projection."""

    format: ClassVar = 1
    schema: ClassVar = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take in changes of the list and reports; each change of a state follows as an event."""
        return [following for event in events for following in self._take(event)]

    def open(self, limit: int, devices: Collection[str] | None = None) -> list[CriticalValue]:
        """Those of `devices`, or of all, of which somebody has to be told, the oldest first."""
        return list(self._values(_OPEN, (_listed(devices), limit)))

    def count(self, devices: Collection[str] | None = None) -> int:
        """Of how many somebody has to be told."""
        return int(next(self._connection.execute(_COUNT, (_listed(devices),)))[0])

    def done(self, limit: int, devices: Collection[str] | None = None) -> list[CriticalValue]:
        """The others, the last that changed first."""
        return list(self._values(_DONE, (_listed(devices), limit)))

    def value(self, seq: int) -> CriticalValue | None:
        """That of a result's event."""
        sql = f"SELECT {_COLUMNS} FROM value WHERE seq = ?"  # noqa: S608
        return next(self._values(sql, (seq,)), None)

    def _take(self, event: DeviceEvent) -> Iterator[DeviceEvent]:
        payload = event.payload or {}
        if event.kind is Kind.ALARM and event.code.system == LISTING_SYSTEM:
            known = self._of(bytes.fromhex(payload["result"]))
            state = listed_as(
                known.state if known else None,
                Listing(event.code.code),
                reported=known is not None and any(self._reports(known.result)),
            )
            yield from self._become(event, known or _new(event, payload), state)
        elif event.kind is Kind.ACTION and event.code == _REPORT:
            known = self._of(bytes.fromhex(payload["result"]))
            after = told(known.state) if known and payload["answers"] == known.state else None
            if known is not None and after is not None:
                self._connection.execute(_TOLD, _report_of(event, known, payload))
                yield from self._become(event, known, after)

    def _of(self, result: bytes) -> _Standing | None:
        rows = self._connection.execute(
            "SELECT seq, device, test, state, raised FROM value WHERE result = ?", (result,)
        )
        return next(
            (
                _Standing(result, seq, device, test, State(state), raised)
                for seq, device, test, state, raised in rows
            ),
            None,
        )

    def _become(self, cause: DeviceEvent, before: _Standing, state: State) -> Iterator[DeviceEvent]:
        if before.state is state:
            return
        at, matter = cause.received_at, cause.seq if state.is_open else before.raised
        self._connection.execute(
            _PUT,
            (before.result, before.seq, before.device, before.test, state, at, at, matter),
        )
        yield _state_event(cause, before, state, matter)

    def _values(self, sql: str, binds: Sequence[Any]) -> Iterator[CriticalValue]:
        for result, seq, device, test, state, at, since in self._connection.execute(sql, binds):
            yield CriticalValue(
                result,
                seq,
                device,
                test,
                State(state),
                Instant(at),
                Instant(since),
                tuple(self._reports(result)),
            )

    def _reports(self, result: bytes) -> Iterator[Report]:
        sql = "SELECT act, at, by, told, way, note FROM report WHERE result = ? ORDER BY act"
        for act, at, by, who, way, note in self._connection.execute(sql, (result,)):
            yield Report(act, Instant(at), by, who, Way(way), note)


def _listed(devices: Collection[str] | None) -> str | None:
    return None if devices is None else orjson.dumps(sorted(devices)).decode()


def _new(event: DeviceEvent, payload: Mapping[str, Any]) -> _Standing:
    test = event.value.text if event.value else ""
    result = bytes.fromhex(payload["result"])
    return _Standing(result, payload["seq"], event.source.device, test)


def _report_of(event: DeviceEvent, known: _Standing, payload: Mapping[str, Any]) -> tuple[Any, ...]:
    note = event.value.text if event.value else ""
    at = event.received_at
    return (event.seq, known.result, at, event.actor, payload["told"], payload["way"], note)


def _state_event(cause: DeviceEvent, about: _Standing, state: State, matter: int) -> DeviceEvent:
    """The event of a change; `matter` names what people are told, or were until now."""
    occurrence = occurrence_id(cause.site, about.device, cause.id)
    return DeviceEvent(
        id=event_id(occurrence, f"{STATE_SYSTEM}:{state}:{about.result.hex()}"),
        site=cause.site,
        source=Source(about.device, "lab"),
        kind=Kind.ALARM,
        code=Coding(STATE_SYSTEM, state.value),
        value=Value(about.test),
        unit="",
        received_at=cause.received_at,
        observed_at=cause.observed_at,
        simulated=cause.simulated,
        caused_by=cause.id,
        actor=cause.actor,
        payload={"result": about.result.hex(), "seq": about.seq, "matter": matter},
    )
