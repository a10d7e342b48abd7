"""The shapes of answers, for OpenAPI. Answers are written by `item`; a test holds them to this."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Base64Bytes

from gateway.model import (
    AppointmentStatus,
    ClockQuality,
    Direction,
    IdentifierType,
    Kind,
    Operator,
    Quality,
    QuarantineReason,
    Sex,
    Status,
)
from gateway.registry import DeviceState
from gateway.room.document import Document


class Facts(Document):
    device: str
    kind: Kind
    code: str
    value: float | str | None
    value_text: str | None
    value_code: str | None
    operator: Operator | None
    unit: str
    status: Status
    quality: Quality
    observed_at: AwareDatetime
    received_at: AwareDatetime
    raw_id: int | None
    simulated: bool


class LatestValue(Facts):
    """The last value of a point, stored or not; `seq` is null if it was not."""

    seq: int | None
    name: dict[str, str] | None = None


class Event(Facts):
    seq: int
    id: str
    system: str
    clock: ClockQuality
    supersedes: str | None = None
    caused_by: str | None = None
    actor: str | None = None
    flags: list[str] | None = None
    range: str | None = None
    payload: dict[str, Any] | None = None
    subject: dict[str, Any] | None = None


class Events(Document):
    """A page in order of `seq`. `next` is the `after` that continues it, now or later."""

    items: list[Event]
    next: int


class SentAgain(Document):
    """A later event that says what a result says; its bytes are kept as well."""

    seq: int
    id: str
    raw_id: int | None
    received_at: AwareDatetime


class Result(Event):
    """A laboratory result. `version` counts within its device, sample and test."""

    name: dict[str, str]
    level: Literal["none", "abnormal", "critical"]
    version: int
    current: bool
    superseded_by: str | None = None
    sent_again: list[SentAgain]


class Results(Document):
    """Newest first. `next` is the `before` that continues, or null at the end."""

    items: list[Result]
    next: int | None


class SampleResult(Result):
    """The result that counts, and what it replaced, newest first."""

    earlier: list[Result]


class Sample(Document):
    owner: str
    specimen: str
    items: list[SampleResult]


class PatientIdentifier(Document):
    value: str
    issuer: str
    type: IdentifierType


class Patient(Document):
    """A person as the site knows them now; `disputed` names the facts that sources disagree on."""

    id: str
    identifiers: list[PatientIdentifier]
    names: list[dict[str, str]]
    birth_date: str | None
    sex: Sex | None
    sex_sent: str
    deceased: bool
    visit: dict[str, str] | None
    disputed: list[str]


class Patients(Document):
    items: list[Patient]


class PatientEntry(Document):
    """One statement or decision; `said` is what it said, in the gateway's own terms."""

    at: AwareDatetime
    seq: int
    event: str
    raw_id: int | None
    way: str
    code: str
    source: str
    actor: str | None
    reason: str | None
    said: dict[str, Any]


class AppointmentGate(Document):
    room: str
    name: str
    reason: dict[str, str]


class AppointmentPatient(Document):
    """As the caller may read it: masked for whoever may not read patients."""

    name: str
    number: str
    known: bool


class Appointment(Document):
    """An appointment as it stands now; `gates` say why the patient may not be called yet."""

    id: str
    book: str
    placer: str
    filler: str
    status: AppointmentStatus
    start: AwareDatetime | None
    day: str | None
    minutes: float
    resource: str | None
    kind: str
    title: str
    patient: AppointmentPatient
    gates: list[AppointmentGate]
    raw_id: int | None


class Appointments(Document):
    day: str
    items: list[Appointment]


class PatientHistory(Document):
    items: list[PatientEntry]


class Discrepancy(Document):
    """What a source says otherwise than what is in force."""

    id: str
    kind: str
    since: AwareDatetime
    field: str
    in_force: str
    said: str
    source: str
    raw_id: int | None
    records: list[PatientIdentifier]


class Discrepancies(Document):
    items: list[Discrepancy]


class Message(Document):
    """Bytes as they crossed the wire, in base64."""

    raw_id: int
    link: str
    device: str
    direction: Direction
    session: str
    received_at: AwareDatetime
    size: int
    bytes: Base64Bytes


class Messages(Document):
    """Newest first. `next` is the `before` that continues, or null at the end."""

    items: list[Message]
    next: int | None


class QuarantineItem(Document):
    id: int
    raw_id: int
    link: str
    device: str
    reason: QuarantineReason
    subject: str
    detail: str
    received_at: AwareDatetime
    resolved_at: AwareDatetime | None
    resolved_by: str | None


class Quarantine(Document):
    items: list[QuarantineItem]
    next: int | None


class Site(Document):
    id: str
    name: dict[str, str]
    time_zone: str
    locale: str
    version: str


class PointItem(Document):
    code: str
    name: dict[str, str]
    unit: str


class Device(Document):
    id: str
    name: dict[str, str]
    location: dict[str, str]
    driver: str
    profile: str
    link: str
    state: DeviceState
    since: AwareDatetime
    reason: str
    last_seen: AwareDatetime | None
    simulated: bool
    points: list[PointItem]


class Link(Document):
    id: str
    driver: str
    state: str
    since: AwareDatetime
    reason: str
    restarts: int


class SiteMapping(Document):
    """What one code, unit or sender means; which further members it has depends on `kind`."""

    kind: Literal["code", "unit", "sender"]
    scope: str
    key: str
    actor: str
    set_at: AwareDatetime
    seq: int
    point: dict[str, Any] | None = None
    ucum: str | None = None
    convert: dict[str, str] | None = None
    device: str | None = None


class Mappings(Document):
    """The mappings in force; `fragments` says, by scope, what a profile would have to say."""

    items: list[SiteMapping]
    fragments: dict[str, dict[str, Any]]
