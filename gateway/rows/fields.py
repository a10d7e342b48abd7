"""Which column says what of a patient, an appointment or an order; an empty name means none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.model import IdentifierType, Kind, Presence, ResourceKind
from gateway.profile import AppointmentWords, OrderWords, PersonWords
from gateway.rows.times import TimeForm

Column: TypeAlias = str


_DEAD = {"true": True, "y": True, "是": True, "false": False, "n": False, "否": False}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NumberField(_Part):
    """One more number of the patient, and who gives such numbers out."""

    column: Column = Field(min_length=1)
    issuer: str = Field(min_length=1, max_length=200)
    type: IdentifierType = IdentifierType.OTHER


class MomentField(_Part):
    """A time, in a form of its own or in the profile's. One without a clock names a day alone."""

    column: Column = Field(min_length=1)
    form: TimeForm | None = None
    pattern: str | None = Field(default=None, description="of strptime; ISO 8601 if empty")


class PatientFields(PersonWords):
    """A patient's record.

    `number` names it; `issuer` is who gives such numbers out, `issuer_at` the column that says so
    where a view mixes several, and without either it is the device's `patient_issuer`. A name in
    one column may be written `family^given`. `deceased_words` adds to true and false, Y and N.
    `presences` says where a visit stands, by the source's word. `merged_into` is the number of
    the record that this one became part of.
    """

    number: Column = Field(min_length=1)
    issuer: str = Field(default="", max_length=200)
    issuer_at: Column = ""
    type: IdentifierType = IdentifierType.MRN
    others: tuple[NumberField, ...] = ()
    name: Column = ""
    latin_name: Column = ""
    birth_date: Column = ""
    birth_pattern: str = Field(default="", description="of strptime; ISO 8601 or digits if empty")
    sex: Column = ""
    deceased: Column = ""
    deceased_words: Mapping[str, bool] = Field(default_factory=dict)
    visit_kind: Column = ""
    visit_kinds: Mapping[str, Literal["I", "O", "E", "P", "R", "B"]] = Field(default_factory=dict)
    visit_number: Column = ""
    ward: Column = ""
    room: Column = ""
    bed: Column = ""
    presence: Column = ""
    presences: Mapping[str, Presence] = Field(default_factory=dict)
    merged_into: Column = ""

    def died(self, sent: str) -> bool | None:
        """None for a word that nobody has explained."""
        known = self.deceased_words.get(sent)
        return _DEAD.get(sent.casefold()) if known is None else known

    def columns(self) -> Iterator[Column]:
        """Every column named here."""
        yield from (
            *(self.number, self.issuer_at, self.name, self.latin_name, self.birth_date, self.sex),
            *(self.deceased, self.visit_kind, self.visit_number, self.ward, self.room, self.bed),
            *(self.presence, self.merged_into),
            *(each.column for each in self.others),
        )


class AppointmentFields(AppointmentWords):
    """An appointment.

    `number` is unique within `book`, which names who keeps it (the device if empty); `placer` is
    the number of the one who asked for it. `day` with `clock` stands for `start` where date and
    time of day have a column each. Without `status` a row is a booking. `vanished` says what it
    means when a row is no longer there before its time has come: nothing, or that the appointment
    is cancelled.
    """

    number: Column = Field(min_length=1)
    book: str = Field(default="", max_length=80)
    placer: Column = ""
    patient: PatientFields | None = None
    start: MomentField | None = None
    day: MomentField | None = None
    clock: Column = ""
    end: MomentField | None = None
    minutes: Column = ""
    status: Column = ""
    kind: Column = ""
    kind_name: Column = ""
    reason: Column = ""
    priority: Column = ""
    resources: Mapping[ResourceKind, Column] = Field(default_factory=dict)
    resource_names: Mapping[ResourceKind, Column] = Field(default_factory=dict)
    order_placer: Column = ""
    order_filler: Column = ""
    vanished: Literal["nothing", "cancelled"] = "nothing"

    @model_validator(mode="after")
    def _one_time(self) -> AppointmentFields:
        if self.start is not None and (self.day is not None or self.clock):
            raise ValueError("start: either `start`, or `day` and `clock`")
        if self.clock and self.day is None:
            raise ValueError("clock: a time of day needs its `day`")
        return self

    def columns(self) -> Iterator[Column]:
        """Every column named here."""
        moments = (self.start, self.day, self.end)
        yield from (
            *(self.number, self.placer, self.clock, self.minutes, self.status, self.kind),
            *(self.kind_name, self.reason, self.priority, self.order_placer, self.order_filler),
            *(each.column for each in moments if each is not None),
            *self.resources.values(),
            *self.resource_names.values(),
            *(self.patient.columns() if self.patient else ()),
        )


class OrderFields(OrderWords):
    """An order; `number` is the placer's, unique within `book` (the device if empty)."""

    number: Column = Field(min_length=1)
    book: str = Field(default="", max_length=80)
    filler: Column = ""
    group: Column = ""
    patient: PatientFields
    status: Column = ""
    code: Column = ""
    code_system: str = ""
    text: Column = ""
    priority: Column = ""
    start: MomentField | None = None
    specimen: Column = ""
    accession: Column = ""
    procedure_id: Column = ""
    step_id: Column = ""
    modality: Column = ""
    study: Column = ""
    requested_by: Column = ""
    reason: Column = ""

    def columns(self) -> Iterator[Column]:
        """Every column named here."""
        yield from (
            *(self.number, self.filler, self.group, self.status, self.code, self.text),
            *(self.priority, self.specimen, self.accession, self.procedure_id, self.step_id),
            *(self.modality, self.study, self.requested_by, self.reason),
            *((self.start.column,) if self.start else ()),
            *self.patient.columns(),
        )


Fields: TypeAlias = PatientFields | AppointmentFields | OrderFields

CONTENTS: Mapping[str, Mapping[str, Any]] = {
    "patient": {"name": {"zh-CN": "患者", "en": "Patient"}, "kind": Kind.PATIENT},
    "appointment": {"name": {"zh-CN": "预约", "en": "Appointment"}, "kind": Kind.APPOINTMENT},
    "order": {"name": {"zh-CN": "申请单", "en": "Order"}, "kind": Kind.ORDER},
}
"""The point that each of these sections of a profile stands for."""
