"""An appointment as a row of the schedule's tables, and back."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from gateway.model import AppointmentStatus, Identifier, IdentifierType, appointment_statement
from gateway.room import Appointment, Gate
from gateway.schedule.resources import Resources
from gateway.schedule.standing import Standing


def body_of(standing: Standing, *, unclear: bool) -> bytes:
    """What the tables keep of how an appointment stands.

    `unclear` says that its number names several appointments.
    """
    other = standing.other
    return orjson.dumps(
        [
            standing.said.payload(),
            [other.value, other.issuer, other.type] if other else None,
            standing.told.source,
            standing.told.raw,
            standing.last.event,
            unclear,
        ]
    )


def read_appointment(
    id_: bytes, body: bytes, gates: Sequence[Gate], resources: Resources
) -> Appointment:
    """An appointment from the tables, its resource as it is declared now."""
    payload, _, source, raw, event, _ = orjson.loads(body)
    said = appointment_statement(payload)
    patient = said.patient
    return Appointment(
        id=id_.hex(),
        book=said.book,
        placer=said.placer,
        filler=said.filler,
        status=said.status or AppointmentStatus.BOOKED,
        start=said.start,
        day=said.day,
        minutes=said.minutes or resources.minutes,
        resource=resources.of(said.book, said.resources),
        resources=said.resources,
        kind=said.kind,
        kind_name=said.kind_name,
        reason=said.reason,
        priority=said.priority,
        order_placer=said.order_placer,
        order_filler=said.order_filler,
        patient=patient.own if patient else None,
        names=patient.names if patient else (),
        gates=tuple(gates),
        notes=said.notes,
        source=source,
        raw=raw,
        event=event,
    )


def other_patient(body: bytes) -> Identifier | None:
    """A patient whom a statement names instead of the appointment's."""
    _, other, *_ = orjson.loads(body)
    return None if other is None else Identifier(other[0], other[1], IdentifierType(other[2]))


def is_unclear(body: bytes) -> bool:
    """Whether its number names several appointments, and nobody has said yet which is meant."""
    *_, unclear = orjson.loads(body)
    return bool(unclear)
