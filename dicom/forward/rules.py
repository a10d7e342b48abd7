"""Which objects go where. Pure; rules are values that an event holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from dicom.storage.object import StoredObject

COERCIBLE = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "InstitutionName",
)
"""Attributes of the outermost level that a rule may replace in what is sent."""


@dataclass(frozen=True, slots=True)
class Match:
    """What an object must be. Within one of them any value will do; an empty one asks nothing."""

    sender: Sequence[str] = ()
    called: Sequence[str] = ()
    modality: Sequence[str] = ()
    sop_class: Sequence[str] = ()
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def fits(self, stored: StoredObject, peer: str) -> bool:
        """`peer` is the name of who sent it."""
        text, origin = stored.attributes.text, stored.origin
        return (
            _any(self.sender, peer, origin.calling)
            and _any(self.called, origin.called)
            and _any(self.modality, text("Modality"))
            and _any(self.sop_class, stored.attributes.sop_class)
            and all(_like(patterns, text(tag)) for tag, patterns in self.tags.items())
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """Objects that match go to destinations; `coerce` replaces attributes in what is sent."""

    name: str
    to: Sequence[str]
    match: Match = Match()
    coerce: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Errand:
    """One destination of an object, and the rule that says so."""

    destination: str
    rule: str
    coerce: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules in order, and the peer of each destination."""

    rules: Sequence[Rule] = ()
    peers: Mapping[str, str] = field(default_factory=dict)

    def errands(self, stored: StoredObject, peer: str) -> Iterator[Errand]:
        """Where an object goes, each destination once: the first rule that says so counts.

        It never goes back to the peer that sent it.
        """
        found: set[str] = set()
        for rule in self.rules:
            if not rule.match.fits(stored, peer):
                continue
            for destination in rule.to:
                if destination not in found and self.peers.get(destination) != peer:
                    found.add(destination)
                    yield Errand(destination, rule.name, rule.coerce)

    def as_payload(self) -> dict[str, Any]:
        """Values that JSON has."""
        return {"rules": [asdict(rule) for rule in self.rules], "peers": dict(self.peers)}


def read_rules(said: Mapping[str, Any]) -> RuleSet:
    """The rules that `as_payload` wrote."""
    rules = tuple(
        Rule(each["name"], tuple(each["to"]), Match(**each["match"]), each["coerce"])
        for each in said["rules"]
    )
    return RuleSet(rules, said["peers"])


def _any(wanted: Sequence[str], *found: str) -> bool:
    return not wanted or any(each in wanted for each in found)


def _like(patterns: Sequence[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
