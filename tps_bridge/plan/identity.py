"""Whose an object is, as it says itself, and whether two objects mean the same person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.model import Subject
from tps_bridge.rt import Item


class Unlike(StrEnum):
    """In what two identities contradict each other."""

    NUMBER = "number"
    ISSUER = "issuer of the number"
    NAME = "name"
    BIRTH_DATE = "birth date"


@dataclass(frozen=True, slots=True)
class Identity:
    """Nothing where the object says nothing; `birth_date` is YYYYMMDD."""

    patient: str = ""
    issuer: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""

    @property
    def subject(self) -> Subject | None:
        """Whom an event is about; None where the object names no patient."""
        return Subject(self.patient, self.issuer) if self.patient else None

    def unlike(self, other: Identity) -> Iterator[Unlike]:
        """In what they contradict each other; what one side doesn't say is no contradiction.

        Except the number: without one nobody is identified.
        """
        if self.patient != other.patient:
            yield Unlike.NUMBER
        elif self.issuer != other.issuer:
            yield Unlike.ISSUER
        if not same_name((self.name,), (other.name,)):
            yield Unlike.NAME
        if self.birth_date and other.birth_date and self.birth_date != other.birth_date:
            yield Unlike.BIRTH_DATE


def identity_of(item: Item) -> Identity:
    return Identity(
        patient=item.text("PatientID"),
        issuer=item.text("IssuerOfPatientID"),
        name=item.text("PatientName"),
        birth_date=item.text("PatientBirthDate"),
        sex=item.text("PatientSex"),
    )


def same_name(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether names agree in a script that both have; where they share none they can't disagree."""
    one, two = _by_script(some), _by_script(others)
    shared = one.keys() & two.keys()
    return not shared or any(one[script] == two[script] for script in shared)


def _by_script(names: Sequence[str]) -> dict[str, str]:
    """What is written with letters, and what with ideographs, without marks and case."""
    found: dict[str, str] = {}
    for name in names:
        for group in name.split("="):
            letters = "".join(each for each in group.casefold() if each.isalnum())
            if letters:
                found.setdefault("latin" if letters.isascii() else "other", letters)
    return found
