"""The schedule in a file of its own: delete it, and it is rebuilt from the event store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import apsw
import orjson

from gateway.model import AppointmentStatus, DeviceEvent, Kind, OrderStatus
from gateway.schedule.answers import Answers
from gateway.schedule.gate import CLEAR, is_gate
from gateway.schedule.identity import (
    Named,
    key_of_patient,
    named_appointment,
    named_order,
    shared_key,
)
from gateway.schedule.noted import happened, noted, ordered, stored, stored_order
from gateway.schedule.row import body_of
from gateway.schedule.schema import SCHEMA
from gateway.schedule.standing import stand, stand_order

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError)
_GATE = (
    "INSERT INTO gate VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
    " at = excluded.at, seq = excluded.seq, reason = excluded.reason"
    " WHERE (excluded.at, excluded.seq) > (at, seq)"
)
"""Of two words on one gate the newest holds."""


class Tables:
    """Appointments, orders and gates; `read` answers what is asked of them."""

    format: ClassVar = 4
    schema: ClassVar = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.read = Answers(connection)

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Take in what was said of appointments and orders; nothing follows from it."""
        appointments: set[bytes] = set()
        orders: set[bytes] = set()
        for event in events:
            try:
                if event.kind is Kind.ORDER:
                    orders.add(self._keep_order(event))
                elif event.kind is Kind.APPOINTMENT and is_gate(event):
                    self._gate(event)
                elif (entry := self._keep(event)) is not None:
                    appointments.add(entry)
            except _MALFORMED as error:
                self._unreadable(event, str(error))
        for id_ in {self.read.owner(each) for each in appointments}:
            self._stand(id_)
        for id_ in {self.read.owner(each) for each in orders}:
            self._stand_order(id_)
        return ()

    def _keep(self, event: DeviceEvent) -> bytes | None:
        entry = noted(event)
        if entry is None:
            return None
        id_ = self._identify(named_appointment(entry.said))
        self._connection.execute(
            "INSERT INTO noted VALUES(?,?,?,?,?)",
            (entry.seq, id_, entry.at, entry.raw, entry.body()),
        )
        return id_

    def _keep_order(self, event: DeviceEvent) -> bytes:
        entry = ordered(event)
        id_ = self._identify(named_order(entry.said))
        self._connection.execute(
            "INSERT INTO ordered VALUES(?,?,?,?,?)",
            (entry.seq, id_, entry.at, entry.raw, entry.body()),
        )
        return id_

    def _identify(self, named: Named) -> bytes:
        """The id of a thing, which takes in what was known by the other side's number alone.

        Where that number has come to name several things, what is said under it alone is kept
        apart: nobody is to guess which one is meant.
        """
        if not named.main:
            owner, shared = self.read.claim(named.other)
            self._connection.execute(
                "INSERT OR IGNORE INTO number VALUES(?,?,0)", (named.other, owner)
            )
            return shared_key(named.other) if shared else owner
        if named.other:
            if self.read.owner(named.other) == named.other:
                self._absorb(named.other, named.main)
            self._connection.execute(
                "INSERT INTO number VALUES(?,?,0) ON CONFLICT(key) DO UPDATE SET"
                " shared = shared OR owner NOT IN (key, excluded.owner),"
                " owner = iif(owner = key, excluded.owner, owner)",
                (named.other, named.main),
            )
        return named.main

    def _absorb(self, alone: bytes, whole: bytes) -> None:
        for sql in (
            "UPDATE noted SET appointment = ?1 WHERE appointment = ?2",
            "UPDATE ordered SET owner = ?1 WHERE owner = ?2",
        ):
            self._connection.execute(sql, (whole, alone))
        gates = self._connection.execute(
            "SELECT room, name, at, seq, reason FROM gate WHERE appointment = ?", (alone,)
        )
        self._connection.executemany(_GATE, [(whole, *gate) for gate in gates])
        for sql in (
            "DELETE FROM gate WHERE appointment = ?",
            "DELETE FROM appointment WHERE id = ?",
            "DELETE FROM orders WHERE id = ?",
        ):
            self._connection.execute(sql, (alone,))

    def _stand(self, id_: bytes) -> None:
        rows = self._connection.execute(
            "SELECT seq, at, raw, body FROM noted WHERE appointment = ?", (id_,)
        )
        entries = [stored(*row) for row in rows]
        standing = stand(entries)
        said = standing.said
        status = said.status or AppointmentStatus.BOOKED
        shared = id_ == shared_key(named_appointment(said).other)
        unclear = shared and not standing.last.by_person
        self._connection.execute(
            "INSERT OR REPLACE INTO appointment VALUES(?,?,?,?,?,?,?,?)",
            (
                id_,
                said.start,
                said.day,
                key_of_patient(said.patient),
                status.is_open,
                unclear or standing.other is not None,
                len(entries),
                body_of(standing, unclear=unclear),
            ),
        )

    def _stand_order(self, id_: bytes) -> None:
        rows = self._connection.execute(
            "SELECT seq, at, raw, body FROM ordered WHERE owner = ?", (id_,)
        )
        said, last = stand_order(stored_order(*row) for row in rows)
        self._connection.execute(
            "INSERT OR REPLACE INTO orders VALUES(?,?,?,?,?,?,?)",
            (
                id_,
                last.at,
                key_of_patient(said.patient),
                said.status in {OrderStatus.ACTIVE, OrderStatus.ON_HOLD},
                last.source,
                last.raw,
                orjson.dumps(said.payload()),
            ),
        )

    def _gate(self, event: DeviceEvent) -> None:
        """The last word on a gate holds; a cleared one stays, so that an older word is known."""
        said = event.payload or {}
        reason = None if event.code.code == CLEAR else orjson.dumps(said["reason"]).decode()
        self._connection.execute(
            _GATE,
            (
                self.read.owner(bytes.fromhex(said["appointment"])),
                said["room"],
                said["name"],
                happened(event),
                event.seq,
                reason,
            ),
        )

    def _unreadable(self, event: DeviceEvent, why: str) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO unreadable VALUES(?,?,?,?,?)",
            (event.seq, event.received_at, event.raw_id, event.source.device, why),
        )
