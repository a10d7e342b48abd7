"""The section `dicom.coerce` of devices.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from dicom.coercion.rules import COERCIBLE, Rule
from dicom.match import Match
from dicom.section import Name, Section, Uid, named_twice
from dicom.storage.attributes import TEXT

_LONG, _LONGEST = 64, {"AccessionNumber": 16, "StudyID": 16}
"""Characters of a value, of a name's each group (LO, PN; SH)."""


def _indexed(keyword: str) -> str:
    if keyword not in TEXT.values():
        known = ", ".join(sorted(TEXT.values()))
        raise ValueError(f"{keyword} is not in the index; there are: {known}")
    return keyword


def _coercible(keyword: str) -> str:
    if keyword not in COERCIBLE:
        raise ValueError(f"{keyword} is not changed by rule; these can be: {', '.join(COERCIBLE)}")
    return keyword


def _writable(values: Mapping[str, str]) -> Mapping[str, str]:
    """Values that their representation allows (PS3.5 6.2)."""
    for keyword, value in values.items():
        if not value.isprintable() or "\\" in value:
            raise ValueError(f"{keyword}: {value!r} has a character that no single value may have")
        if value != value.strip():
            raise ValueError(f"{keyword}: {value!r} has blanks at its ends, which say nothing")
        most = _LONGEST.get(keyword, _LONG)
        if any(len(group) > most for group in value.split("=")):
            raise ValueError(f"{keyword}: {value!r} is longer than {most}")
        if value and keyword == "PatientSex" and value not in ("M", "F", "O"):
            raise ValueError(f"PatientSex: {value!r} is none of M, F, O")
        if value and keyword == "PatientBirthDate" and not _is_date(value):
            raise ValueError(f"PatientBirthDate: {value!r} is no date; write 19651231")
    return values


def _is_date(text: str) -> bool:
    try:
        return f"{date.fromisoformat(text):%Y%m%d}" == text
    except ValueError:
        return False


Values = Annotated[
    Mapping[Annotated[str, AfterValidator(_coercible)], str], AfterValidator(_writable)
]
"""Values by keyword, as a rule puts them into an object."""


class MatchOptions(Section):
    """Which objects a rule is for: all that is written must fit; nothing written fits all."""

    sender: tuple[str, ...] = Field(
        default=(), description="who sent it: a peer's name, or an AE title"
    )
    called: tuple[str, ...] = Field(default=(), description="our AE title that it was sent to")
    modality: tuple[str, ...] = ()
    sop_class: tuple[Uid, ...] = ()
    tags: Mapping[Annotated[str, AfterValidator(_indexed)], tuple[str, ...]] = Field(
        default={}, description="attributes of the index: one of the texts, * and ? as wildcards"
    )

    def match(self) -> Match:
        return Match(self.sender, self.called, self.modality, self.sop_class, dict(self.tags))


class CoercionOptions(Section):
    """What is changed in objects that come; what was sent is kept."""

    name: Name
    match: MatchOptions = MatchOptions()
    fill: Values = Field(default={}, description="values where an object says nothing")
    replace: Values = Field(default={}, description="values in the place of what an object says")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.fill and not self.replace:
            raise ValueError("a rule of `coerce` needs `fill` or `replace`")
        both = self.fill.keys() & self.replace.keys()
        if both:
            raise ValueError(f"{min(both)} is filled and replaced: write one of both")
        return self

    def rule(self) -> Rule:
        return Rule(self.name, self.match.match(), dict(self.fill), dict(self.replace))


def faults(rules: Sequence[CoercionOptions], titles: Collection[str]) -> Iterator[str]:
    """What rules name and is not there, or is there twice."""
    yield from named_twice("coerce", (each.name for each in rules))
    for each in rules:
        for title in each.match.called:
            if title not in titles:
                yield f"coerce: {each.name}: {title} is none of our titles"
