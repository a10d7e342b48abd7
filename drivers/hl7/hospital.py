"""ADT and SIU: one reading a message, with its essentials, for whoever keeps patients and plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from drivers.hl7.header import Header
from drivers.hl7.message import Message, Segment
from drivers.hl7.people import identifiers, patient_facts, visit_facts
from drivers.hl7.refusal import misplaced, missing, unparsable
from drivers.hl7.times import parse_time
from gateway import Instant, Reading, Subject

_MERGE = "A40"
_RESOURCES = {"AIS": "service", "AIG": "equipment", "AIL": "location", "AIP": "person"}
_START = {"AIS": (4, 7, 8), "AIG": (8, 11, 12), "AIL": (6, 9, 10), "AIP": (6, 9, 10)}
"""Where each resource segment has its start, duration and the duration's unit."""


def read_patient(message: Message, header: Header, zone: ZoneInfo, issuer: str) -> Reading:
    """An admission, registration, update, cancelled admission or merge."""
    patient = _required(message, "PID")
    subject = _subject(patient, issuer)
    if not subject.patient:
        raise missing("the patient's identifier", "PID-3")
    merged = identifiers(_required(message, "MRG"), 1) if header.trigger == _MERGE else []
    if header.trigger == _MERGE and not merged:
        raise missing("the identifier that is merged", "MRG-1")
    said = {
        "patient": patient_facts(patient),
        "visit": visit_facts(message.first("PV1")),
        "merged": merged,
    }
    return _reading(message, header, zone, subject, said)


def read_appointment(message: Message, header: Header, zone: ZoneInfo, issuer: str) -> Reading:
    """A booking, change, cancellation or no-show."""
    schedule = _required(message, "SCH")
    placer, filler = schedule.component(1).strip(), schedule.component(2).strip()
    if not (placer or filler):
        raise missing("the appointment's identifier", "SCH-1")
    patient = message.first("PID")
    said = {
        "patient": patient_facts(patient),
        "visit": visit_facts(message.first("PV1")),
        "appointment": _appointment(schedule, placer, filler),
        "resources": [_resource(segment) for segment in message if segment.name in _RESOURCES],
    }
    subject = _subject(patient, issuer, order=filler or placer)
    return _reading(message, header, zone, subject, said)


def _appointment(schedule: Segment, placer: str, filler: str) -> Mapping[str, Any]:
    facts = {
        "placer": placer,
        "filler": filler,
        "reason": schedule.component(7, 2) or schedule.component(7),
        "type": schedule.component(8, 2) or schedule.component(8),
        "duration": schedule.component(9),
        "duration_unit": schedule.component(10),
        "start": schedule.component(11, 4),
        "end": schedule.component(11, 5),
        "status": schedule.component(25),
    }
    return _said(facts)


def _resource(segment: Segment) -> Mapping[str, Any]:
    start, duration, unit = _START[segment.name]
    facts = {
        "kind": _RESOURCES[segment.name],
        "id": segment.component(3),
        "name": segment.component(3, 2),
        "start": segment.component(start),
        "duration": segment.component(duration),
        "duration_unit": segment.component(unit),
    }
    return _said(facts)


def _subject(patient: Segment | None, issuer: str, order: str = "") -> Subject:
    if patient is None:
        return Subject(order=order)
    known = patient.component(3).strip()
    said = patient.part(3, 4).strip() or issuer
    return Subject(patient=known, issuer=said if known else "", order=order)


def _reading(
    message: Message,
    header: Header,
    zone: ZoneInfo,
    subject: Subject,
    said: Mapping[str, Any],
) -> Reading:
    payload = _said({**said, "notes": message.notes})
    at = _at(message, zone)
    return Reading(
        code=header.kind,
        text=header.trigger,
        observed_at=at,
        wire=0,
        subject=subject,
        payload=payload,
    )


def _at(message: Message, zone: ZoneInfo) -> Instant | None:
    """When it was recorded (EVN-2), else when it was sent (MSH-7)."""
    event = message.first("EVN")
    sent = (event.text(2) if event else "") or message.header.text(7)
    try:
        return parse_time(sent, zone) if sent else None
    except ValueError:
        raise unparsable(sent, "a time", "EVN-2" if event else "MSH-7") from None


def _required(message: Message, name: str) -> Segment:
    segment = message.first(name)
    if segment is None:
        raise misplaced(f"the message has no {name}", f"{name}-1")
    return segment


def _said(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: fact for key, fact in facts.items() if fact}
