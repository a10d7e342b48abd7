"""When two sources say the same of a patient, and when one says more. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model import PatientStatement, PersonName, Script, Sex

NAME, BIRTH_DATE, SEX, IDENTITY = "name", "birth-date", "sex", "identity"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is said of a patient.

    `field` is what it is about, `text` as people read it, `exact` what is compared. A name is one
    fact in each script.
    """

    field: str
    text: str
    exact: str
    name: PersonName | None = None

    @property
    def slot(self) -> str:
        """Facts of one slot exclude each other."""
        return f"{self.field}/{self.name.script}" if self.name else self.field


def facts_of(said: PatientStatement) -> Iterator[Fact]:
    """What a statement says that must not change silently; unknown is nothing said."""
    for name in said.names:
        yield Fact(NAME, name.text, plain(name.text), name)
    if said.birth_date:
        yield Fact(BIRTH_DATE, said.birth_date, said.birth_date)
    if said.sex not in (None, Sex.UNKNOWN):
        yield Fact(SEX, str(said.sex), str(said.sex))


def agree(known: Fact, said: Fact) -> bool:
    """Whether two facts of one slot can both be true: a year, and a day in that year."""
    if known.field == BIRTH_DATE:
        return known.exact.startswith(said.exact) or said.exact.startswith(known.exact)
    return known.exact == said.exact


def refined(known: Fact, said: Fact) -> Fact:
    """Of two facts that agree the one that says more; the known one where neither does."""
    more = len(said.exact) > len(known.exact)
    divided = known.name is not None and said.name is not None
    if divided and known.name and said.name and not known.name.given and said.name.given:
        return said
    return said if more else known


def plain(name: str) -> str:
    """A name without what systems write differently: width, case, blanks, and the middle dot."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(each for each in folded if not each.isspace() and each not in _MARKS)


_MARKS = frozenset("·•・‧∙・.,-'’`^")


def script_names(names: tuple[PersonName, ...]) -> dict[Script, PersonName]:
    """One name a script, the first of each."""
    found: dict[Script, PersonName] = {}
    for name in names:
        found.setdefault(name.script, name)
    return found
