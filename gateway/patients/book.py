"""The keeper of patients: the subscriber, and its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.model import Identifier, Kind, PersonName
from gateway.patients.family import Family
from gateway.patients.heard import Heard
from gateway.patients.masking import Sight, masked_number, name_for, shown
from gateway.patients.question import Dismissal, Question
from gateway.patients.tables import Tables
from gateway.projection import Projection
from gateway.room import Patient, PatientKey, Permission, Principal
from gateway.seal import Keyring

KINDS = (Kind.PATIENT, Kind.APPOINTMENT, Kind.ORDER, Kind.ACTION)


class PatientBook(Projection[Tables]):
    """Patients by number, name and birth date; a `gateway.room.People`.

    Every method that is awaited may raise StoreError. An `id` is that of a record: it leads to
    the person that the record is part of now.
    """

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, ring: Keyring) -> AsyncIterator[PatientBook]:
        """Open or create the tables; leaving waits for what is being written."""
        async with cls.opened(path, ring, Tables, KINDS) as book:
            yield book

    async def resolve(self, identifier: str, issuer: str) -> Patient | None:
        return await self.ask(lambda tables: tables.read.resolve(identifier, issuer))

    async def resolve_all(self, keys: Collection[PatientKey]) -> Mapping[PatientKey, Patient]:
        return await self.ask(lambda tables: tables.read.resolve_all(keys))

    async def patient(self, id_: str) -> Patient | None:
        """None if nobody is known by this id."""
        key = _key(id_)
        return await self.ask(lambda tables: tables.read.patient(key)) if key else None

    async def find(self, text: str, limit: int = 100) -> Sequence[Patient]:
        """Whoever fits every word: a number, the beginning of a name as sent, a birth date.

        Without a word, those who were heard of last.
        """
        return await self.ask(lambda tables: tables.read.find(text, limit))

    async def history(self, id_: str) -> Sequence[Heard]:
        """What was said and done about a person and all who had to do with them, newest first."""
        key = _key(id_)
        return await self.ask(lambda tables: tables.read.history(key)) if key else ()

    async def family(self, id_: str) -> Family:
        """A person's records and the ties between them."""
        key = _key(id_) or b""
        return await self.ask(lambda tables: tables.read.family(key))

    async def questions(self, limit: int = 200, *, about: str = "") -> Sequence[Question]:
        """What waits for a person, newest first; `about` the patient with this id."""
        key = _key(about)
        return await self.ask(lambda tables: tables.read.questions(limit, about=key))

    async def question(self, id_: str) -> tuple[Question, Dismissal | None] | None:
        """A question that stands, answered or not."""
        key = _key(id_)
        return await self.ask(lambda tables: tables.read.question(key)) if key else None

    async def counts(self) -> tuple[int, int]:
        """How many people there are, and how many questions are open."""
        return await self.ask(lambda tables: tables.read.counts())

    def shown_name(self, names: Sequence[PersonName], who: Principal, language: str) -> str:
        name = name_for(names, language)
        return shown(name, sight_of(who)) if name else ""

    def shown_number(self, identifier: Identifier, who: Principal) -> str:
        return identifier.value if sight_of(who) is Sight.WHOLE else masked_number(identifier)


def sight_of(who: Principal) -> Sight:
    """Whoever may read patients sees names; everybody else sees masks."""
    return Sight.WHOLE if who.may(Permission.READ_PATIENTS) else Sight.MASKED


def _key(id_: str) -> bytes | None:
    try:
        return bytes.fromhex(id_) or None
    except ValueError:
        return None
