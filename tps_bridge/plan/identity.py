"""Whose an object is, as it says itself, and whether two objects mean the same person."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.model import Script, Subject, script_of
from tps_bridge.rt import Item

_LATIN = "latin"
_TRANSCRIPTS = frozenset({_LATIN, Script.PHONETIC})
"""How a name sounds: many names that are written otherwise sound the same."""


class Unlike(StrEnum):
    """In what two identities contradict each other; UNNUMBERED: neither has a number."""

    NUMBER = "number"
    UNNUMBERED = "number (neither has one)"
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
        if not (self.patient or other.patient):
            yield Unlike.UNNUMBERED
        elif self.patient != other.patient:
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
    """Whether names agree in every script that both have; where they share none they don't differ.

    Latin letters and syllables decide only where no other script is shared: 王伟 and 王薇 are both
    Wang Wei.
    """
    one, two = _by_script(some), _by_script(others)
    shared = one.keys() & two.keys()
    return all(one[script] == two[script] for script in shared - _TRANSCRIPTS or shared)


def _by_script(names: Sequence[str]) -> dict[str, str]:
    """Each group of a name (PS3.5 6.2.1) by its script, without case, spaces and punctuation."""
    found: dict[str, str] = {}
    for name in names:
        for group in name.split("="):
            letters = "".join(filter(_tells, unicodedata.normalize("NFKC", group.casefold())))
            script = _script(letters)
            if script == _LATIN:
                # An accent is often lost on the way, a vowel sign of another script never.
                letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKD", letters)))
            if letters:
                found.setdefault(script, letters)
    return found


def _tells(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _script(letters: str) -> str:
    script = script_of(letters)
    latin = all(
        unicodedata.name(each, "").startswith("LATIN") for each in letters if each.isalpha()
    )
    return _LATIN if script is Script.ALPHABETIC and latin else script
