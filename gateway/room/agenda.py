"""Appointments and orders as every room sees them, whoever keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from gateway.model import (
    AppointmentStatus,
    Identifier,
    Instant,
    Localized,
    OrderStatement,
    PersonName,
    ResourceUse,
)
from gateway.room.access import Principal
from gateway.room.people import PatientKey


@dataclass(frozen=True, slots=True)
class Gate:
    """Why an appointment's patient may not be called yet, as a room has said.

    `room` and `name` identify it: a room sets it again, or clears it, under the same name.
    `reason` is in every language that pages speak.
    """

    room: str
    name: str
    reason: Mapping[str, str]
    since: Instant


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as it stands now.

    `id` is opaque and may stand in an address. `resource` is the id of the declared resource that
    it takes, empty where none of its own words names one. `patient` is whom the source means,
    who may not be known here: ask `People.resolve`. `names` are as the source sent them. Without
    a time of day `start` is None and `day` holds the day (ISO 8601), which may be empty as well.
    `event` is the id, in hexadecimal, of what spoke of it last.
    """

    id: str
    book: str
    placer: str
    filler: str
    status: AppointmentStatus
    start: Instant | None
    day: str
    minutes: float
    resource: str
    resources: tuple[ResourceUse, ...] = ()
    kind: str = ""
    kind_name: str = ""
    reason: str = ""
    priority: str = ""
    order_placer: str = ""
    order_filler: str = ""
    patient: Identifier | None = None
    names: tuple[PersonName, ...] = ()
    gates: tuple[Gate, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""
    raw: int | None = None
    event: str = ""

    @property
    def key(self) -> PatientKey | None:
        """The patient as `People.resolve_all` takes it."""
        return (self.patient.value, self.patient.issuer) if self.patient else None

    @property
    def end(self) -> Instant | None:
        return None if self.start is None else Instant(self.start + int(self.minutes * 60_000_000))

    @property
    def title(self) -> str:
        """What it is for, in the source's words."""
        return self.kind_name or self.reason or self.kind


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands now: all that was ever said of it, the newest word on each."""

    id: str
    said: OrderStatement
    changed: Instant
    source: str = ""
    raw: int | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """A declared resource as a DICOM worklist names it; both are empty where nobody said so."""

    resource: str
    ae_title: str
    modality: str
    name: Localized
    location: Localized


@runtime_checkable
class Agenda(Protocol):
    """The keeper of the schedule; ask for it with `RoomContext.neighbours(Agenda)`.

    `revision` grows whenever an answer may be another one than before.
    """

    revision: int

    async def day(self, day: date, resource: str = "") -> Sequence[Appointment]:
        """What is booked on a day of the site's zone, in order of time; those without one first."""
        ...

    async def appointment(self, id_: str) -> Appointment | None: ...

    async def since(self, id_: str) -> Instant | None:
        """Since when an appointment stands as it does (`status`); None if it is unknown."""
        ...

    def sees(self, who: Principal, appointment: Appointment) -> bool:
        """Whether an appointment is shown to somebody, who may be limited to departments."""
        ...

    async def of_patient(
        self, keys: Collection[PatientKey], *, since: Instant | None = None
    ) -> Sequence[Appointment]:
        """A person's appointments under any of their identifiers, in order of time."""
        ...

    async def between(self, first: date, last: date) -> Sequence[Appointment]:
        """What is booked from one day of the site's zone to another, both included."""
        ...

    async def orders_of(self, appointments: Collection[Appointment]) -> Mapping[str, Order]:
        """The order that each appointment names, by the appointment's id.

        Left out where it names none, an unknown one, or two different ones.
        """
        ...

    def station(self, resource: str) -> Station | None:
        """A declared resource; None if there is none of this id."""
        ...

    def department(self, word: str) -> str:
        """Whose a declared resource is, by its id or a word that means it; empty for nobody's."""
        ...

    async def orders(self, keys: Collection[PatientKey]) -> Sequence[Order]:
        """A person's orders under any of their identifiers, newest first."""
        ...


@runtime_checkable
class Diary(Protocol):
    """Who writes the schedule, for rooms that see what becomes of appointments."""

    async def heed(
        self,
        who: Principal,
        id_: str,
        status: AppointmentStatus,
        *,
        since: Instant,
        cause: str,
    ) -> None:
        """Let an appointment be what `who` saw at `since`, by the event `cause` (hexadecimal).

        What a source or a person said later stands, and a status that does not lead there; what
        `who` itself said last may be taken back. May raise StoreError.
        """
        ...
