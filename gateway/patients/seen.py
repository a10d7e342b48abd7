"""Which patients somebody sees who is limited to departments.

A patient is of every department whose devices spoke of them, and of those where they have an
appointment. Whom one entered oneself one sees; a patient of no department is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.driver import LinkEntry
from gateway.patients.book import PatientBook
from gateway.patients.desk import record_id
from gateway.patients.family import key_of
from gateway.patients.question import Question
from gateway.room import Agenda, InSight, Neighbours, Patient, Principal

MOST = 10
"""So many times as many patients are looked through for whoever sees a part of them."""


@dataclass(frozen=True, slots=True)
class SeenPatients:
    """The book of patients as principals see it."""

    book: PatientBook
    neighbours: Neighbours
    links: Callable[[], Sequence[LinkEntry]]

    async def find(self, who: Principal, text: str, limit: int) -> list[Patient]:
        """As `PatientBook.find`, of those who are seen."""
        if not who.departments:
            return list(await self.book.find(text, limit))
        found = await self.book.find(text, MOST * limit)
        return [each for each in found if await self.sees(who, each)][:limit]

    async def patient(self, who: Principal, id_: str) -> Patient | None:
        """As `PatientBook.patient`; None as well for one who is not seen."""
        found = await self.book.patient(id_)
        return found if found is not None and await self.sees(who, found) else None

    async def resolve(self, who: Principal, value: str, issuer: str) -> Patient | None:
        """As `PatientBook.resolve`; None as well for one who is not seen."""
        found = await self.book.resolve(value, issuer)
        return found if found is not None and await self.sees(who, found) else None

    async def questions(self, who: Principal, limit: int = 200) -> list[Question]:
        """As `PatientBook.questions`, about patients who are seen."""
        found = await self.book.questions(limit)
        return [each for each in found if await self.asked(who, each)]

    async def asked(self, who: Principal, question: Question) -> bool:
        """Whether a question is seen: one of the patients it is about is."""
        if not who.departments:
            return True
        ids = [record_id(each) for each in question.records]
        return any([await self.patient(who, id_) is not None for id_ in ids])

    async def sees(self, who: Principal, patient: Patient) -> bool:
        """Whether a patient is seen."""
        in_sight = InSight.of(who, self.links())
        if in_sight.everything:
            return True
        for entry in await self.book.history(patient.id):
            if in_sight.device(entry.source) or entry.actor == who.id:
                return True
        return await self._comes(who, patient)

    async def _comes(self, who: Principal, patient: Patient) -> bool:
        """Whether they have an appointment that is seen, where a schedule is kept."""
        try:
            agenda = self.neighbours(Agenda)
        except LookupError:
            return False
        booked = await agenda.of_patient([key_of(each) for each in patient.identifiers])
        return any(agenda.sees(who, each) for each in booked)
