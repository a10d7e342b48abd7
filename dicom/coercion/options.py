"""The section `dicom.coerce` of devices.yaml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dicom.coercion.rules import COERCIBLE, Rule
from dicom.match import Match
from dicom.storage.attributes import TEXT
from dicom.upper.negotiate import is_uid

_NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"


def _uid(text: str) -> str:
    if not is_uid(text):
        raise ValueError(f"'{text[:70]}' is no UID")
    return text


def _indexed(keyword: str) -> str:
    if keyword not in TEXT.values():
        known = ", ".join(sorted(TEXT.values()))
        raise ValueError(f"{keyword} is not in the index; there are: {known}")
    return keyword


def _coercible(keyword: str) -> str:
    if keyword not in COERCIBLE:
        raise ValueError(f"{keyword} is not changed by rule; these can be: {', '.join(COERCIBLE)}")
    return keyword


Coercible = Annotated[str, AfterValidator(_coercible)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class MatchOptions(_Options):
    """Which objects a rule is for: all that is written must fit; nothing written fits all."""

    sender: tuple[str, ...] = Field(
        default=(), description="who sent it: a peer's name, or an AE title"
    )
    called: tuple[str, ...] = Field(default=(), description="our AE title that it was sent to")
    modality: tuple[str, ...] = ()
    sop_class: tuple[Annotated[str, AfterValidator(_uid)], ...] = ()
    tags: Mapping[Annotated[str, AfterValidator(_indexed)], tuple[str, ...]] = Field(
        default={}, description="attributes of the index: one of the texts, * and ? as wildcards"
    )

    def match(self) -> Match:
        return Match(self.sender, self.called, self.modality, self.sop_class, dict(self.tags))


class CoercionOptions(_Options):
    """What is changed in objects that come; what was sent is kept."""

    name: str = Field(pattern=_NAME)
    match: MatchOptions = MatchOptions()
    fill: Mapping[Coercible, str] = Field(
        default={}, description="values where an object says nothing"
    )
    replace: Mapping[Coercible, str] = Field(
        default={}, description="values in the place of what an object says"
    )

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
    counts = Counter(each.name for each in rules)
    yield from (f"coerce: two rules are named {name!r}" for name in counts if counts[name] > 1)
    for each in rules:
        for title in each.match.called:
            if title not in titles:
                yield f"coerce: {each.name}: {title} is none of our titles"
