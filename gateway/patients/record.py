"""One record as its statements leave it: the facts in force, and what contradicts them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.model import Identifier, IdentifierType
from gateway.patients.facts import Fact, agree, facts_of, refined
from gateway.patients.heard import Heard
from gateway.patients.question import Question, QuestionKind

OF_ONE_VISIT = frozenset({IdentifierType.VISIT, IdentifierType.ACCOUNT})
"""Numbers that begin anew: they name a visit, and nobody for ever."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A fact in force, and the entry that brought it."""

    fact: Fact
    by: Heard


@dataclass(slots=True)
class Record:
    """What is known of one record. `known` is whether anybody has stated it.

    `visits` are the entries that speak of one. `contradicted` holds by slot, then by exact value
    and source, the first entry that says so.
    """

    own: Identifier
    known: bool = False
    identifiers: dict[tuple[str, str], tuple[Identifier, Heard]] = field(default_factory=dict)
    force: dict[str, Standing] = field(default_factory=dict)
    contradicted: dict[str, dict[tuple[str, str], tuple[Fact, Heard]]] = field(default_factory=dict)
    visits: list[Heard] = field(default_factory=list)
    deceased: tuple[bool, Heard] | None = None
    last: Heard | None = None

    def state(self, entry: Heard) -> None:
        """A statement of a keeper: it fills what is not known, and overwrites nothing."""
        said = entry.said
        self.known, self.last = True, entry
        for identifier in said.identifiers:
            self.identify(identifier, entry)
        for fact in facts_of(said):
            standing = self.force.get(fact.slot)
            if standing is None:
                self.force[fact.slot] = Standing(fact, entry)
            elif agree(standing.fact, fact):
                better = refined(standing.fact, fact)
                if better is not standing.fact:
                    self.force[fact.slot] = Standing(better, entry)
                self._withdraw(fact.slot, entry)
            else:
                self._contradict(fact, entry)
        if said.visit is not None:
            self.visits.append(entry)
        if said.deceased is not None:
            self.deceased = (said.deceased, entry)

    def mention(self, entry: Heard) -> None:
        """Facts beside something else: they can contradict what is in force, and nothing more."""
        for fact in facts_of(entry.said):
            standing = self.force.get(fact.slot)
            if standing is not None and not agree(standing.fact, fact):
                self._contradict(fact, entry)

    def accept(self, entry: Heard) -> None:
        """A person puts these facts in force."""
        for fact in facts_of(entry.said):
            self.force[fact.slot] = Standing(fact, entry)
            self.contradicted.pop(fact.slot, None)

    def questions(self) -> Iterator[Question]:
        """What contradicts the facts in force now, once for each thing that is said."""
        for slot, contradictions in self.contradicted.items():
            standing = self.force[slot].fact
            first: dict[str, tuple[Fact, Heard]] = {}
            for (exact, _), (fact, entry) in contradictions.items():
                earlier = first.get(exact)
                if earlier is None or entry.order < earlier[1].order:
                    first[exact] = (fact, entry)
            for fact, entry in first.values():
                if not agree(standing, fact):
                    yield self._conflict(standing, fact, entry)

    def _conflict(self, standing: Fact, fact: Fact, entry: Heard) -> Question:
        return Question(
            QuestionKind.CONFLICT,
            (self.own,),
            entry.at,
            entry.seq,
            entry.source,
            fact.field,
            fact.slot,
            standing.text,
            fact.text,
            entry.raw,
        )

    def identify(self, identifier: Identifier, entry: Heard) -> None:
        """A number of this record, since the first entry that says so; a known sort is kept."""
        key = (identifier.value, identifier.issuer)
        known = self.identifiers.get(key)
        if known is None:
            self.identifiers[key] = (identifier, entry)
        elif known[0].type is IdentifierType.OTHER:
            self.identifiers[key] = (identifier, known[1])

    def _contradict(self, fact: Fact, entry: Heard) -> None:
        """The first entry that says it stays: the question is as old as that."""
        known = self.contradicted.setdefault(fact.slot, {})
        known.setdefault((fact.exact, entry.source), (fact, entry))

    def _withdraw(self, slot: str, entry: Heard) -> None:
        """A source that says what is in force again takes back what it said otherwise."""
        known = self.contradicted.get(slot)
        if known:
            self.contradicted[slot] = {
                (exact, source): each
                for (exact, source), each in known.items()
                if source != entry.source
            }
