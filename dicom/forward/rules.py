"""Which objects go where. Pure; rules are values that an event holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dicom.match import ANYTHING, Match
from dicom.storage.object import StoredObject


@dataclass(frozen=True, slots=True)
class Rule:
    """Objects that match go to destinations; `coerce` replaces attributes in what is sent."""

    name: str
    to: Sequence[str]
    match: Match = ANYTHING
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
