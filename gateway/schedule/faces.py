"""Whom an appointment is of, as the reader of a page may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.model import Identifier, PersonName
from gateway.room import Appointment, Order, Patient, PatientKey, People, Permission, Principal
from gateway.schedule.book import ScheduleBook

STAR = "*"


@dataclass(frozen=True, slots=True)
class Face:
    """`path` leads to the patient where the reader may go there; `known` is whether one is."""

    name: str
    number: str
    path: str = ""
    known: bool = False
    disputed: bool = False


NOBODY = Face("", "")


class Faces:
    """The faces of some appointments, for one reader."""

    def __init__(
        self,
        people: People | None,
        known: Mapping[PatientKey, Patient],
        who: Principal,
        language: str,
    ) -> None:
        self._people, self._known = people, known
        self._who, self._language = who, language

    @classmethod
    async def of(
        cls,
        book: ScheduleBook,
        appointments: Iterable[Appointment],
        who: Principal,
        language: str,
    ) -> Faces:
        return cls(_people(book), await book.people(appointments), who, language)

    @classmethod
    async def of_orders(
        cls, book: ScheduleBook, orders: Iterable[Order], who: Principal, language: str
    ) -> Faces:
        """The faces of those whom orders are about."""
        own = (each.said.patient.own for each in orders if each.said.patient)
        people = _people(book)
        keys = {(each.value, each.issuer) for each in own if each}
        known = await people.resolve_all(keys) if people else {}
        return cls(people, known, who, language)

    def face(self, appointment: Appointment) -> Face:
        """The patient who is known, else the name as sent; masked for whoever may not see it."""
        return self._face(appointment.patient, appointment.names)

    def of_order(self, order: Order) -> Face:
        said = order.said.patient
        return self._face(said.own, said.names) if said else NOBODY

    def _face(self, own: Identifier | None, sent: Sequence[PersonName]) -> Face:
        if own is None:
            return NOBODY
        if self._people is None:
            return Face(STAR, STAR)
        patient = self._known.get((own.value, own.issuer))
        names = patient.names if patient and patient.names else sent
        name = self._people.shown_name(names, self._who, self._language)
        number = self._people.shown_number(own, self._who)
        if patient is None:
            return Face(name, number)
        may = self._who.may(Permission.READ_PATIENTS)
        path = f"/patients/{patient.id}" if may else ""
        return Face(name, number, path, known=True, disputed=bool(patient.disputed))


def _people(book: ScheduleBook) -> People | None:
    try:
        return book.setting.neighbours(People)
    except LookupError:
        return None
