"""Appointments and orders as a source states them; every source is brought to these shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.model.person import PatientStatement, patient_statement, said
from gateway.model.time import Instant


class AppointmentStatus(StrEnum):
    """Standing of an appointment (FHIR R5 Appointment.status; STARTED as HL7 table 0278 has it).

    BLOCKED holds time of a resource for nobody.
    """

    PENDING = "pending"
    WAITLIST = "waitlist"
    BOOKED = "booked"
    ARRIVED = "arrived"
    STARTED = "started"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"
    BLOCKED = "blocked"
    ENTERED_IN_ERROR = "entered-in-error"

    @property
    def is_open(self) -> bool:
        """Whether it still stands: the patient may come, or is here."""
        return self in _OPEN

    @property
    def takes_time(self) -> bool:
        """Whether its resource is taken for that time."""
        return self in _TAKES_TIME


_OPEN = frozenset(
    {
        AppointmentStatus.PENDING,
        AppointmentStatus.WAITLIST,
        AppointmentStatus.BOOKED,
        AppointmentStatus.ARRIVED,
        AppointmentStatus.STARTED,
    }
)
_TAKES_TIME = (_OPEN - {AppointmentStatus.WAITLIST}) | {
    AppointmentStatus.BLOCKED,
    AppointmentStatus.COMPLETED,
}


class ResourceKind(StrEnum):
    """What an appointment needs (segments AIS, AIG, AIL and AIP of HL7 v2)."""

    SERVICE = "service"
    EQUIPMENT = "equipment"
    LOCATION = "location"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """A resource in the source's own words."""

    kind: ResourceKind
    id: str
    name: str = ""


class Gathering(StrEnum):
    """How the resources of a statement stand to those said before."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class AppointmentStatement:
    """What one message, row or form says of an appointment.

    `book` names who keeps it: an identifier is unique within its book. `start` is exact; where a
    source knows the day alone, `day` (ISO 8601) holds it and `start` is None. `reschedules` says
    that the new time is meant as such, so that an arrival noted before no longer counts. What is
    empty was not said: it changes nothing.

    `gathering` is for all of `resources`. Beside those that are added, some may be `removed` and
    others `updated`: one that was not known takes the place of those of its kind, unless the
    statement speaks of one of them.
    """

    book: str
    placer: str = ""
    filler: str = ""
    status: AppointmentStatus | None = None
    status_sent: str = ""
    reschedules: bool = False
    start: Instant | None = None
    day: str = ""
    minutes: float | None = None
    kind: str = ""
    kind_name: str = ""
    reason: str = ""
    priority: str = ""
    resources: tuple[ResourceUse, ...] = ()
    gathering: Gathering = Gathering.REPLACE
    updated: tuple[ResourceUse, ...] = ()
    removed: tuple[ResourceUse, ...] = ()
    order_placer: str = ""
    order_filler: str = ""
    patient: PatientStatement | None = None
    notes: tuple[str, ...] = ()

    def payload(self) -> dict[str, Any]:
        """As an event carries it; `appointment_statement` reads it back."""
        return said(
            {
                "book": self.book,
                "placer": self.placer,
                "filler": self.filler,
                "status": self.status.value if self.status else "",
                "status_sent": self.status_sent,
                "reschedules": self.reschedules or None,
                "start": self.start,
                "day": self.day,
                "minutes": self.minutes,
                "kind": self.kind,
                "kind_name": self.kind_name,
                "reason": self.reason,
                "priority": self.priority,
                "resources": [_resource_payload(each) for each in self.resources],
                "gathering": "" if self.gathering is Gathering.REPLACE else self.gathering.value,
                "updated": [_resource_payload(each) for each in self.updated],
                "removed": [_resource_payload(each) for each in self.removed],
                "order_placer": self.order_placer,
                "order_filler": self.order_filler,
                "patient": self.patient.payload() if self.patient else None,
                "notes": list(self.notes),
            }
        )


def appointment_statement(payload: Mapping[str, Any]) -> AppointmentStatement:
    """What an event's payload says; ValueError or KeyError if it is no such payload."""
    status, start, patient = payload.get("status"), payload.get("start"), payload.get("patient")
    return AppointmentStatement(
        book=payload["book"],
        placer=payload.get("placer", ""),
        filler=payload.get("filler", ""),
        status=AppointmentStatus(status) if status else None,
        status_sent=payload.get("status_sent", ""),
        reschedules=bool(payload.get("reschedules", False)),
        start=None if start is None else Instant(start),
        day=payload.get("day", ""),
        minutes=payload.get("minutes"),
        kind=payload.get("kind", ""),
        kind_name=payload.get("kind_name", ""),
        reason=payload.get("reason", ""),
        priority=payload.get("priority", ""),
        resources=tuple(_resource(each) for each in payload.get("resources", ())),
        gathering=Gathering(payload.get("gathering", Gathering.REPLACE)),
        updated=tuple(_resource(each) for each in payload.get("updated", ())),
        removed=tuple(_resource(each) for each in payload.get("removed", ())),
        order_placer=payload.get("order_placer", ""),
        order_filler=payload.get("order_filler", ""),
        patient=patient_statement(patient) if patient else None,
        notes=tuple(payload.get("notes", ())),
    )


class OrderStatus(StrEnum):
    """Standing of an order (FHIR R5 request-status)."""

    ACTIVE = "active"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class OrderStatement:
    """What one message says of an order.

    `accession`, `procedure_id`, `step_id` and `study` are those of imaging (IHE RAD TF-2 4.4;
    ZDS-1 for the study), `specimen` that of a laboratory. What is empty was not said.
    """

    book: str
    placer: str = ""
    filler: str = ""
    group: str = ""
    status: OrderStatus | None = None
    control: str = ""
    code: str = ""
    code_system: str = ""
    text: str = ""
    priority: str = ""
    start: Instant | None = None
    specimen: str = ""
    accession: str = ""
    procedure_id: str = ""
    step_id: str = ""
    modality: str = ""
    study: str = ""
    requested_by: str = ""
    reason: str = ""
    patient: PatientStatement | None = None
    notes: tuple[str, ...] = ()

    def payload(self) -> dict[str, Any]:
        """As an event carries it; `order_statement` reads it back."""
        texts = {name: getattr(self, name) for name in _ORDER_TEXTS}
        return said(
            {
                **texts,
                "status": self.status.value if self.status else "",
                "start": self.start,
                "patient": self.patient.payload() if self.patient else None,
                "notes": list(self.notes),
            }
        )


_ORDER_TEXTS = (
    *("book", "placer", "filler", "group", "control", "code", "code_system", "text", "priority"),
    *("specimen", "accession", "procedure_id", "step_id", "modality", "study", "requested_by"),
    "reason",
)


def order_statement(payload: Mapping[str, Any]) -> OrderStatement:
    """What an event's payload says; ValueError or KeyError if it is no such payload."""
    status, start, patient = payload.get("status"), payload.get("start"), payload.get("patient")
    texts = {name: str(payload.get(name, "")) for name in _ORDER_TEXTS if name != "book"}
    return OrderStatement(
        book=payload["book"],
        **texts,
        status=OrderStatus(status) if status else None,
        start=None if start is None else Instant(start),
        patient=patient_statement(patient) if patient else None,
        notes=tuple(payload.get("notes", ())),
    )


def _resource_payload(resource: ResourceUse) -> dict[str, str]:
    return said({"kind": resource.kind.value, "id": resource.id, "name": resource.name})


def _resource(payload: Mapping[str, str]) -> ResourceUse:
    return ResourceUse(
        ResourceKind(payload["kind"]), payload.get("id", ""), payload.get("name", "")
    )
