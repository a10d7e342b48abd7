"""The sections `dicom.forward` and `dicom.deid` of devices.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Self

from pydantic import (
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from dicom.coercion.options import MatchOptions, Values
from dicom.deid.options import DeidOptions
from dicom.forward.rules import Rule, RuleSet
from dicom.section import Name, Section
from gateway import Seconds

_SHORTEST_KEY = 16


class DeidProfile(DeidOptions):
    """How objects are de-identified. Under the same `key` the same patient has one pseudonym."""

    key: SecretStr

    @field_validator("key")
    @classmethod
    def _is_long(cls, key: SecretStr) -> SecretStr:
        if len(key.get_secret_value().encode()) < _SHORTEST_KEY:
            raise ValueError(f"the key of pseudonyms needs at least {_SHORTEST_KEY} characters")
        return key


class RuleOptions(Section):
    """Objects that match go to these destinations."""

    name: Name
    match: MatchOptions = MatchOptions()
    to: tuple[Name, ...] = Field(min_length=1)
    coerce: Values = Field(
        default={}, description="attributes that are replaced in what is sent; ours stays"
    )


class DestinationOptions(Section):
    """Where objects go, and how."""

    peer: Name | None = Field(default=None, description="of `dicom.peers`; else the same name")
    web: Name | None = Field(
        default=None, description="a server of `dicom.web.peers`, by STOW-RS, in place of a peer"
    )
    associations: int = Field(
        default=1, ge=1, le=16, description="at the same time; the order is kept within a study"
    )
    deid: Name | None = Field(default=None, description="a profile of `dicom.deid`")
    commit: bool = Field(default=False, description="archived only when the peer commits to it")
    commit_within: Seconds = Field(
        default=3600, ge=1, description="how long its report may take before it is asked again"
    )
    attempts: int = Field(
        default=10, ge=1, le=1000, description="refusals or lost answers until a dead letter"
    )
    longest_pause: Seconds = Field(default=300, ge=1, description="between two attempts")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.web is not None and self.peer is not None:
            raise ValueError("a destination has a peer or a DICOMweb server, not both")
        if self.web is not None and self.commit:
            raise ValueError("a DICOMweb server gives no storage commitment")
        return self


class ForwardOptions(Section):
    """Which objects go on to which peers."""

    destinations: Mapping[Name, DestinationOptions] = {}
    rules: tuple[RuleOptions, ...] = ()

    def peer_of(self, destination: str) -> str:
        """The peer, or server, of a destination; a peer that is none has the defaults."""
        found = self.destinations.get(destination)
        return (found.web or found.peer if found is not None else None) or destination

    @property
    def commits(self) -> bool:
        """Whether any destination commits to what it is sent."""
        return any(each.commit for each in self.destinations.values())

    def rule_set(self) -> RuleSet:
        """As objects are judged by it."""
        return RuleSet(
            tuple(_rule(each) for each in self.rules),
            {name: self.peer_of(name) for name in self.destinations},
        )

    def faults(
        self,
        peers: Collection[str],
        titles: Collection[str],
        profiles: Collection[str],
        servers: Collection[str] = (),
    ) -> Iterator[str]:
        """What it names and the section has not."""
        for name, each in self.destinations.items():
            known, kind = (peers, "peer") if each.web is None else (servers, "server of web.peers")
            if self.peer_of(name) not in known:
                yield f"forward.destinations.{name}: no {kind} {self.peer_of(name)!r}"
            if each.deid is not None and each.deid not in profiles:
                yield f"forward.destinations.{name}.deid: no profile {each.deid!r} in dicom.deid"
        for rule in self.rules:
            for name in rule.to:
                found = self.destinations.get(name)
                if found is None:
                    yield f"forward.rules: {rule.name}: no destination {name!r}"
                elif found.deid is not None and rule.coerce:
                    yield f"forward.rules: {rule.name}: {name} removes what `coerce` puts in"
            for title in rule.match.called:
                if title not in titles:
                    yield f"forward.rules: {rule.name}: {title} is none of our titles"


def _rule(options: RuleOptions) -> Rule:
    return Rule(
        options.name,
        options.to,
        options.match.match(),
        dict(options.coerce),
    )
