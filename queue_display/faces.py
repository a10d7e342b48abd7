"""Whom a ticket is of, as the reader of a page may see it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.room import Neighbours, People, Permission, Principal
from queue_display.scene import Entry

_STAR = "*"


@dataclass(frozen=True, slots=True)
class Face:
    """`path` leads to the patient where the reader may go there."""

    name: str
    number: str
    birth_date: str = ""
    path: str = ""
    disputed: bool = False


class Faces:
    """For one reader."""

    def __init__(self, neighbours: Neighbours, who: Principal, language: str) -> None:
        self._who, self._language = who, language
        self._people: People | None
        try:
            self._people = neighbours(People)
        except LookupError:
            self._people = None

    def face(self, entry: Entry) -> Face:
        """The patient who is known, else the name as sent; masked for whoever may not see it."""
        if self._people is None:
            return Face(_STAR, _STAR)
        name = self._people.shown_name(entry.names, self._who, self._language)
        patient, may = entry.patient, self._who.may(Permission.READ_PATIENTS)
        if patient is None:
            own = entry.appointment.patient if entry.appointment is not None else None
            number = self._people.shown_number(own, self._who) if own is not None else ""
            return Face(name, number)
        return Face(
            name,
            self._people.shown_number(patient.own, self._who),
            patient.birth_date if may else "",
            f"/patients/{patient.id}" if may else "",
            disputed=bool(patient.disputed),
        )
