"""PID and PV1 as plain facts, in the words of the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.hl7.message import Segment

_PATIENT = {"birth_date": (7, 1), "sex": (8, 1), "national_id": (19, 1)}
_VISIT = {"class": (2, 1), "ward": (3, 1), "room": (3, 2), "bed": (3, 3), "number": (19, 1)}


def patient_facts(patient: Segment | None) -> Mapping[str, Any]:
    """Name, birth date, sex and every identifier of a PID; only what was said."""
    if patient is None:
        return {}
    facts: dict[str, Any] = {"name": name(patient, 5), "identifiers": identifiers(patient, 3)}
    facts |= {key: patient.component(*place).strip() for key, place in _PATIENT.items()}
    return {key: fact for key, fact in facts.items() if fact}


def visit_facts(visit: Segment | None) -> Mapping[str, str]:
    """Where the patient is: class, ward, room, bed and visit number of a PV1."""
    if visit is None:
        return {}
    facts = {key: visit.component(*place).strip() for key, place in _VISIT.items()}
    return {key: fact for key, fact in facts.items() if fact}


def name(segment: Segment, field: int) -> str:
    """A person's name as sent, its parts apart by a blank: family name first."""
    parts = [segment.subcomponents(part)[0].strip() for part in segment.components(field)[:3]]
    return " ".join(part for part in parts if part)


def identifiers(segment: Segment, field: int) -> list[Mapping[str, str]]:
    """Every identifier (CX): its value, issuer and type."""
    found: list[Mapping[str, str]] = []
    for repetition in segment.repetitions(field):
        value, _, _, issuer, kind = (*repetition, "", "", "", "")[:5]
        facts = {"value": value, "issuer": segment.subcomponents(issuer)[0], "type": kind}
        if value.strip():
            found.append({key: fact.strip() for key, fact in facts.items() if fact.strip()})
    return found
