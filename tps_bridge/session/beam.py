"""Beam-on signals of machines that say nothing else: each is told to the session it is surely of.

A signal names nobody. It belongs to the session that its machine had in progress when it came, or
begins the one whose appointment somebody had started before; else it is a beam of no session, and
nothing moves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from zoneinfo import ZoneInfo

import apsw

from gateway.keys import content_digest
from gateway.model import (
    AppointmentStatus,
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    Source,
    Value,
    to_datetime,
)
from gateway.projection import Projection
from gateway.room import ACTION_SYSTEM, RoomContext, steadily
from tps_bridge.book import Book
from tps_bridge.options import TpsOptions
from tps_bridge.session.events import ACT, ROOM
from tps_bridge.session.session import Session, SessionState, Step
from tps_bridge.session.visit import Visits

log = logging.getLogger(__name__)

POINT, ON = "beam_on", "on"
"""The code of the vocabulary, and the state that says it."""

KINDS = frozenset({Kind.STATE, Kind.ACTION})
_POINTS = "urn:isogate:point"
_BEAM = f"{ACT}{Step.BEAM}"
_LAG = 600 * 1_000_000
"""How long before the room opens a signal may have come that was not looked at yet, µs."""
_TURN = 1.0


@dataclass(frozen=True, slots=True)
class Signal:
    """A beam that came on; `id` is that of its event."""

    id: bytes
    device: str
    at: Instant
    simulated: bool


class BeamTables:
    """The signals of `devices` since `since` that were not told yet."""

    format: ClassVar[int] = 1
    schema: ClassVar[str] = """
    CREATE TABLE signal(
      seq INTEGER PRIMARY KEY, id BLOB NOT NULL,
      device TEXT NOT NULL, at INTEGER NOT NULL, simulated INTEGER NOT NULL
    );
    CREATE INDEX signal_by_id ON signal(id);
    """
    devices: ClassVar[frozenset[str]] = frozenset()
    since: ClassVar[Instant] = Instant(0)

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        for event in events:
            if event.code == Coding(ACTION_SYSTEM, _BEAM):
                self._connection.execute("DELETE FROM signal WHERE id = ?", (event.caused_by,))
            elif self._means(event):
                row = (event.seq, event.id, event.source.device, event.received_at, event.simulated)
                self._connection.execute("INSERT OR REPLACE INTO signal VALUES(?,?,?,?,?)", row)
        return ()

    def untold(self) -> list[Signal]:
        sql = "SELECT id, device, at, simulated FROM signal ORDER BY seq"
        return [
            Signal(bytes(id_), device, Instant(at), bool(simulated))
            for id_, device, at, simulated in self._connection.execute(sql)
        ]

    def _means(self, event: DeviceEvent) -> bool:
        value = event.value
        said = () if value is None else (value.text, value.code.code if value.code else "")
        return (
            event.kind is Kind.STATE
            and event.source.device in self.devices
            and event.code == Coding(_POINTS, POINT)
            and ON in said
            and event.received_at >= self.since
        )


def tables_for(options: TpsOptions, now: Instant) -> type[BeamTables]:
    """The tables of a site's machines, opened `now`."""

    class Own(BeamTables):
        pass

    Own.devices = frozenset(each.beam for each in options.machines.values() if each.beam)
    Own.since = Instant(now - _LAG)
    return Own


@dataclass(frozen=True, slots=True)
class Beams:
    """Tells each signal to its session. What it says has ids that follow from the signal's."""

    context: RoomContext
    book: Book
    signals: Projection[BeamTables]
    machines: Mapping[str, str]
    """Machines by the device that says when their beam is on."""

    async def run(self) -> None:
        """Until cancelled; a store that refuses is tried again."""
        await steadily(
            self.turn,
            lambda: asyncio.sleep(_TURN),
            lambda error: log.warning("Beam-on signals can't be told now: %s", error),
        )

    async def turn(self) -> None:
        """Tell what was not told yet, in the order in which it came."""
        for signal in await self.signals.ask(lambda tables: tables.untold()):
            machine = self.machines.get(signal.device, "")
            session = await self._session(machine, signal.at)
            steps = [Step.BEAM]
            if session is not None and session.state is SessionState.SCHEDULED:
                steps = [Step.BEGIN, Step.BEAM]
            events = [self._event(each, signal, machine, session) for each in steps]
            receipt = await self.context.ports.publish(events)
            await self.book.reached(max(receipt.seqs, default=0))

    async def _session(self, machine: str, at: Instant) -> Session | None:
        """The one that is surely meant at a time; None where there is none, or a choice.

        One that was left in progress on a day before is meant by nobody.
        """
        own = [each for each in await self.book.open_sessions() if each.machine == machine]
        found = [
            each
            for each in own
            if self._is_treated(each, at) or (not each.item and await self._started(each, at))
        ]
        return found[0] if len(found) == 1 else None

    def _is_treated(self, session: Session, at: Instant) -> bool:
        """Whether it was in progress at this time, since the same day."""
        zone = ZoneInfo(self.context.site.zone)
        days = {
            to_datetime(each).astimezone(zone).date()
            for each in (at, session.begun)
            if each is not None
        }
        begun = session.begun is not None and session.begun <= at
        return session.state is SessionState.IN_PROGRESS and begun and len(days) == 1

    async def _started(self, session: Session, at: Instant) -> bool:
        """Whether it was there, and somebody had said before that its patient is being treated."""
        if not session.appointment:
            return False
        steps = await self.book.session_steps(session.id)
        if not any(each.step is Step.SCHEDULE and each.at <= at for each in steps):
            return False
        visits = Visits(self.context)
        found = await visits.of_patient(session.appointment, session.identity)
        if found is None or found.status is not AppointmentStatus.STARTED:
            return False
        since = await visits.since(found)
        return since is not None and since <= at

    def _event(
        self, step: Step, signal: Signal, machine: str, session: Session | None
    ) -> DeviceEvent:
        code = f"{ACT}{step}"
        return DeviceEvent(
            id=content_digest(b"beam", signal.id, code.encode()),
            site=self.context.site.id,
            source=Source(ROOM, ROOM),
            kind=Kind.ACTION,
            code=Coding(ACTION_SYSTEM, code),
            value=Value(f"beam on ({signal.device})"),
            unit="",
            received_at=signal.at,
            observed_at=signal.at,
            simulated=signal.simulated,
            subject=session.identity.subject if session else None,
            actor=f"device:{signal.device}",
            caused_by=signal.id,
            payload={"session": session.id if session else "", "machine": machine},
        )
