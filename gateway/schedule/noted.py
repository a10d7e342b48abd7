"""What was noted of appointments, orders and gates: one entry an event, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.model import (
    AppointmentStatement,
    ClockQuality,
    DeviceEvent,
    Identifier,
    Instant,
    Kind,
    OrderStatement,
    appointment_statement,
    order_statement,
)

BOOK = "schedule.book"
CHANGE = "schedule.change"
ASSIGN = "schedule.assign"
MOVE = "schedule.move"
ACTS = frozenset({BOOK, CHANGE, ASSIGN, MOVE})
HERE = "isogate"
"""The book of appointments that people make on the gateway's own pages."""


@dataclass(frozen=True, slots=True)
class Noted:
    """One event about an appointment.

    `at` orders, as for patients: when it happened by the source's own clock where that can be
    believed, else when it came; a person's act comes after all that it was made on. `after` is the
    time of the newest entry that an act was made on, where it says so.
    """

    seq: int
    event: str
    at: Instant
    raw: int | None
    said: AppointmentStatement
    source: str
    code: str
    actor: str = ""
    reason: str = ""
    after: Instant | None = None

    @property
    def order(self) -> tuple[int, int, int]:
        return self.at, self.raw or 0, self.seq

    @property
    def by_person(self) -> bool:
        """Whether a person, or a room in their stead, did it here; a file is a source."""
        return self.code in ACTS

    @property
    def own(self) -> Identifier | None:
        """The patient whom it names."""
        return self.said.patient.own if self.said.patient else None

    def knew(self, entry: Noted) -> bool:
        """Whether a person's act was made in view of another entry.

        One that came later was not seen, whenever it happened. An act that doesn't say what it was
        made on counts as made on all that happened before.
        """
        if self.after is None:
            return entry.order < self.order
        return entry.seq < self.seq and entry.at <= self.after

    def body(self) -> bytes:
        """As the tables keep it."""
        who = (self.source, self.code, self.actor, self.reason)
        return orjson.dumps([self.event, self.said.payload(), *who, self.after])


def stored(seq: int, at: int, raw: int | None, body: bytes) -> Noted:
    """An entry of the tables."""
    event, said, source, code, actor, reason, after = orjson.loads(body)
    statement = appointment_statement(said)
    return Noted(seq, event, Instant(at), raw, statement, source, code, actor, reason, after)


def noted(event: DeviceEvent) -> Noted | None:
    """What an event says of an appointment; None if nothing.

    ValueError or KeyError: it is malformed.
    """
    payload: Mapping[str, Any] = event.payload or {}
    if event.kind is Kind.ACTION:
        if event.code.code not in ACTS:
            return None
        payload = payload["said"]
    said = appointment_statement(payload)
    if not said.book or not (said.placer or said.filler):
        raise ValueError("the statement names no appointment: its book and a number are needed")
    reason = event.value.text if event.value and event.kind is Kind.ACTION else ""
    return Noted(
        event.seq,
        event.id.hex(),
        happened(event),
        event.raw_id,
        said,
        event.source.device,
        event.code.code,
        event.actor,
        reason,
        _made_on(event),
    )


def happened(event: DeviceEvent) -> Instant:
    """When an event counts as having happened; for a person's act, after what it was made on."""
    trusted = event.clock is ClockQuality.DEVICE
    at = event.observed_at if trusted else event.received_at
    seen = _made_on(event)
    return max(at, Instant(0 if seen is None else seen + 1))


def _made_on(event: DeviceEvent) -> Instant | None:
    """The time of the newest entry that a person's act was made on."""
    return (event.payload or {}).get("after") if event.kind is Kind.ACTION else None


@dataclass(frozen=True, slots=True)
class Ordered:
    """One event about an order."""

    seq: int
    at: Instant
    raw: int | None
    said: OrderStatement
    source: str

    @property
    def order(self) -> tuple[int, int, int]:
        return self.at, self.raw or 0, self.seq

    def body(self) -> bytes:
        return orjson.dumps([self.said.payload(), self.source])


def stored_order(seq: int, at: int, raw: int | None, body: bytes) -> Ordered:
    said, source = orjson.loads(body)
    return Ordered(seq, Instant(at), raw, order_statement(said), source)


def ordered(event: DeviceEvent) -> Ordered:
    """What an event says of an order; ValueError or KeyError if it is malformed."""
    said = order_statement(event.payload or {})
    if not said.book or not (said.placer or said.filler):
        raise ValueError("the statement names no order: its book and a number are needed")
    return Ordered(event.seq, happened(event), event.raw_id, said, event.source.device)
