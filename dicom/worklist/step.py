"""A scheduled procedure step, made of an appointment and what is known around it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

from dicom.worklist.tags import Tag
from gateway import (
    AppointmentStatus,
    Identifier,
    Instant,
    OrderStatement,
    PersonName,
    ResourceKind,
    Script,
    Sex,
    Visit,
    localize,
    to_datetime,
)
from gateway.room import Appointment, Order, Patient, Station

Values: TypeAlias = Mapping[int, str | tuple["Values", ...]]
"""Attributes as text, and sequences as their items."""

UID_ROOT = "2.25."
_SHORT, _LONG, _LONGEST_TEXT = 16, 64, 10_240
_DATE = 8
_STATUS = MappingProxyType(
    {
        AppointmentStatus.PENDING: "SCHEDULED",
        AppointmentStatus.BOOKED: "SCHEDULED",
        AppointmentStatus.ARRIVED: "ARRIVED",
        AppointmentStatus.STARTED: "STARTED",
    }
)
"""Appointments that are on the worklist, unless what was performed says otherwise."""
_NEVER = frozenset(
    {
        AppointmentStatus.WAITLIST,
        AppointmentStatus.BLOCKED,
        AppointmentStatus.ENTERED_IN_ERROR,
    }
)
"""Appointments that are no steps."""
STARTED, COMPLETED = "STARTED", "COMPLETED"
_SEXES = frozenset((Sex.MALE, Sex.FEMALE, Sex.OTHER))
_PRIORITIES = MappingProxyType({"S": "STAT", "A": "HIGH", "R": "ROUTINE", "T": "MEDIUM"})
"""HL7 table 0485 as Requested Procedure Priority has it."""
_SCRIPTS = (Script.ALPHABETIC, Script.IDEOGRAPHIC, Script.PHONETIC)


@dataclass(frozen=True, slots=True)
class Step:
    """One item of the worklist. `answers` keeps encodings of it; see `dicom.worklist.find`.

    One that is not `shown` is over: it is only looked for by what names it.
    """

    appointment: str
    values: Values
    shown: bool = True
    answers: dict[object, bytes] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """Scheduled Procedure Step ID."""
        scheduled = self.values[Tag.STEPS]
        assert not isinstance(scheduled, str)  # noqa: S101 - a sequence
        return str(scheduled[0][Tag.STEP_ID])

    @property
    def study(self) -> str:
        return str(self.values[Tag.STUDY_UID])


class Lack(StrEnum):
    """Why an appointment of a station can't be on its worklist."""

    PATIENT = "no patient is named"
    MODALITY = "no modality is known"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An appointment of a station that can't be on its worklist, and why."""

    appointment: str
    station: str
    why: Lack


@dataclass(frozen=True, slots=True)
class Site:
    """What else a step needs to know of its site."""

    zone: ZoneInfo
    locale: str


@dataclass(frozen=True, slots=True)
class Around:
    """What is known around an appointment. `performed` is STARTED, COMPLETED or ''."""

    station: Station
    patient: Patient | None = None
    order: Order | None = None
    performed: str = ""

    @property
    def said(self) -> OrderStatement:
        """What the order says; nothing where there is none."""
        return self.order.said if self.order is not None else OrderStatement(book="")


def step_of(appointment: Appointment, around: Around, site: Site) -> Step | LeftOut | None:
    """The step of an appointment; None if it is none, or not at a station.

    The study is the order's. Where the order names none, the appointment's own id is one.
    """
    station, patient, said = around.station, around.patient, around.said
    if appointment.status in _NEVER or not station.ae_title:
        return None
    own = patient.own if patient is not None else appointment.patient
    if own is None or not own.value:
        return LeftOut(appointment.id, station.ae_title, Lack.PATIENT)
    if not (station.modality or said.modality):
        return LeftOut(appointment.id, station.ae_title, Lack.MODALITY)
    values: dict[int, str | tuple[Values, ...]] = {
        **_patient(appointment, patient, own),
        **_request(appointment, said),
        Tag.STEPS: (_scheduled(appointment, around, site),),
    }
    shown = appointment.status in _STATUS and around.performed != COMPLETED
    return Step(appointment.id, MappingProxyType(values), shown)


def study_of(appointment: str, said: OrderStatement) -> str:
    """The Study Instance UID of a step: the order's, else the appointment's id as a UUID."""
    return said.study or f"{UID_ROOT}{int(appointment, 16)}"


def appointment_of(study: str) -> str:
    """The id of the appointment whose step was given this UID by `study_of`, or ''."""
    digits = study.removeprefix(UID_ROOT)
    if digits == study or not digits.isdigit() or int(digits) >> 128:
        return ""
    return f"{int(digits):032x}"


def step_id_of(appointment: Appointment, said: OrderStatement) -> str:
    """Scheduled Procedure Step ID: the order's, else a number of the appointment that fits SH."""
    numbers = (said.step_id, appointment.filler, appointment.placer)
    fitting = (each for each in numbers if each and len(each) <= _SHORT)
    return next(fitting, appointment.id[:_SHORT])


def name_of(names: Sequence[PersonName]) -> str:
    """Component groups; without letters the ideographs stand first, where displays look for them.

    PS3.5 6.2.1.2 lets the first group be in any character set that Value 1 has.
    """
    groups = {each.script: _plain(each.group) for each in reversed(names)}
    found = [groups.get(script, "") for script in _SCRIPTS]
    if not found[0]:
        found = [found[1], "", found[2]]
    return "=".join(found).rstrip("=")


def _patient(
    appointment: Appointment, patient: Patient | None, own: Identifier
) -> dict[int, str | tuple[Values, ...]]:
    names = patient.names if patient is not None and patient.names else appointment.names
    found: dict[int, str | tuple[Values, ...]] = {
        Tag.NAME: name_of(names),
        Tag.PATIENT_ID: _plain(own.value),
        Tag.ISSUER: _plain(own.issuer),
    }
    if patient is None:
        return found
    birth = patient.birth_date.replace("-", "")
    visit = patient.visit or Visit()
    found |= {
        Tag.BIRTH_DATE: birth if len(birth) == _DATE else "",
        Tag.SEX: patient.sex.value if patient.sex in _SEXES else "",
        Tag.OTHER_IDS: tuple(map(_other, patient.identifiers[1:])),
        Tag.ADMISSION_ID: _plain(visit.number),
        Tag.LOCATION: _plain(" ".join(filter(None, (visit.ward, visit.room, visit.bed))))[:_LONG],
    }
    return found


def _other(identifier: Identifier) -> Values:
    return {Tag.PATIENT_ID: _plain(identifier.value), Tag.ISSUER: _plain(identifier.issuer)}


def _request(appointment: Appointment, said: OrderStatement) -> dict[int, str | tuple[Values, ...]]:
    """Requested procedure and imaging service request."""
    title = said.text or appointment.title
    return {
        Tag.STUDY_UID: study_of(appointment.id, said),
        Tag.ACCESSION: _plain(said.accession),
        Tag.PROCEDURE_ID: _plain(said.procedure_id) or step_id_of(appointment, said),
        Tag.PROCEDURE: _plain(title)[:_LONG],
        Tag.PROCEDURE_CODE: _code(said),
        Tag.REASON: _plain(said.reason or appointment.reason)[:_LONG],
        Tag.PRIORITY: _PRIORITIES.get((said.priority or appointment.priority)[:1].upper(), ""),
        Tag.REQUESTING_PHYSICIAN: _plain(said.requested_by),
        Tag.PLACER: _plain(said.placer or appointment.order_placer),
        Tag.FILLER: _plain(said.filler or appointment.order_filler),
        Tag.REFERENCED_STUDIES: (),
        Tag.REFERENCED_PATIENTS: (),
    }


def _scheduled(appointment: Appointment, around: Around, site: Site) -> Values:
    station, said = around.station, around.said
    day, time = _moment(appointment.start, site.zone)
    end_day, end_time = _moment(appointment.end, site.zone)
    return {
        Tag.STATION_TITLE: station.ae_title,
        Tag.STATION_NAME: _plain(localize(station.name, site.locale))[:_SHORT],
        Tag.STATION_PLACE: _plain(localize(station.location, site.locale))[:_SHORT],
        Tag.MODALITY: _plain(station.modality or said.modality),
        Tag.START_DATE: day or appointment.day.replace("-", ""),
        Tag.START_TIME: time,
        Tag.END_DATE: end_day,
        Tag.END_TIME: end_time,
        Tag.STEP_ID: step_id_of(appointment, said),
        Tag.STEP_STATUS: around.performed or _STATUS.get(appointment.status, ""),
        Tag.DESCRIPTION: _plain(appointment.title or said.text)[:_LONG],
        Tag.PERFORMER: _performer(appointment),
        Tag.PROTOCOL_CODE: (),
        Tag.COMMENTS: _plain(" ".join(appointment.notes))[:_LONGEST_TEXT],
    }


def _performer(appointment: Appointment) -> str:
    persons = [each for each in appointment.resources if each.kind is ResourceKind.PERSON]
    return _plain(persons[0].name or persons[0].id) if len(persons) == 1 else ""


def _code(said: OrderStatement) -> tuple[Values, ...]:
    if not (said.code and said.code_system):
        return ()
    code = {Tag.CODE: said.code, Tag.SCHEME: said.code_system, Tag.MEANING: said.text[:_LONG]}
    return ({tag: _plain(text) for tag, text in code.items()},)


def _moment(instant: Instant | None, zone: ZoneInfo) -> tuple[str, str]:
    if instant is None:
        return "", ""
    local: datetime = to_datetime(instant).astimezone(zone)
    return f"{local:%Y%m%d}", f"{local:%H%M%S}"


def _plain(text: str) -> str:
    """Without what a value can't hold: backslashes and control characters (PS3.5 6.2)."""
    return "".join("/" if each == "\\" else each if each.isprintable() else " " for each in text)
