"""Patients as every room sees them, whoever keeps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from gateway.model import Identifier, PersonName, Sex, Visit
from gateway.room.access import Principal

PatientKey: TypeAlias = tuple[str, str]
"""An identifier and its issuer, as in `Subject.patient` and `Subject.issuer`."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A person as the site knows them now, after every merge and link.

    `id` is opaque and may stand in an address; it is that of the record which stands.
    `identifiers` begin with that record's own; those of merged records follow. Facts are those in
    force: what a source said otherwise since then waits for a person, and `disputed` names it
    (`name`, `birth-date`, `sex`, `identity`).
    """

    id: str
    identifiers: tuple[Identifier, ...]
    names: tuple[PersonName, ...] = ()
    birth_date: str = ""
    sex: Sex | None = None
    sex_sent: str = ""
    deceased: bool = False
    visit: Visit | None = None
    disputed: frozenset[str] = frozenset()

    @property
    def own(self) -> Identifier:
        """The identifier of the record that stands."""
        return self.identifiers[0]

    def has(self, key: PatientKey) -> bool:
        """Whether this identifier is one of theirs."""
        return any((each.value, each.issuer) == key for each in self.identifiers)


@runtime_checkable
class People(Protocol):
    """The keeper of patients; ask for it with `RoomContext.neighbours(People)`.

    `revision` grows whenever an answer may be another one than before.
    """

    revision: int

    async def resolve(self, identifier: str, issuer: str) -> Patient | None:
        """Who has this identifier now; None if nobody is known by it, or more than one person."""
        ...

    async def resolve_all(self, keys: Collection[PatientKey]) -> Mapping[PatientKey, Patient]:
        """The same for several; who is not found is left out."""
        ...

    async def patient(self, id_: str) -> Patient | None:
        """The person that a record is part of, by `Patient.id`."""
        ...

    def shown_name(self, names: Sequence[PersonName], who: Principal, language: str) -> str:
        """A name as `who` may read it in a list: whole, or masked."""
        ...

    def shown_number(self, identifier: Identifier, who: Principal) -> str:
        """An identifier as `who` may read it in a list: whole, or masked."""
        ...
