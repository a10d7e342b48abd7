"""Records that have to do with each other: who was merged into whom, and who is whose. Pure.

A family is everything that was ever tied together, whether the tie still holds or not; its people
follow from the set of entries alone, in whatever order they came. Entries are taken in the order
of when they happened; `docs/decisions/0016-patients-and-schedule.md` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.model import Identifier, PatientVerb
from gateway.patients.facts import IDENTITY, agree
from gateway.patients.heard import Heard, Way
from gateway.patients.question import Question, QuestionKind
from gateway.patients.record import Record
from gateway.room.people import PatientKey

RecordKey: TypeAlias = PatientKey


@dataclass(frozen=True, slots=True)
class Tie:
    """A record that is part of another one; `by_person` where no rule made it."""

    into: RecordKey
    by: Heard
    by_person: bool


@dataclass(frozen=True, slots=True)
class Person:
    """The record that stands, and those that are part of it."""

    root: Record
    parts: tuple[Record, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        return (self.root, *self.parts)


@dataclass(slots=True)
class Family:
    """What a set of entries comes to.

    `apart` are a record that a person took out of somebody, and each record that it was taken
    from: no rule makes these two one again. `turned` is whom a record was part of until a merge
    the other way round.
    """

    records: dict[RecordKey, Record] = field(default_factory=dict)
    ties: dict[RecordKey, Tie] = field(default_factory=dict)
    apart: set[tuple[RecordKey, RecordKey]] = field(default_factory=set)
    turned: dict[RecordKey, RecordKey] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    def root(self, key: RecordKey) -> RecordKey:
        """The record that stands for this one."""
        while key in self.ties:
            key = self.ties[key].into
        return key

    def of(self, root: RecordKey) -> set[RecordKey]:
        """All records that this one stands for, itself among them."""
        return {key for key in self.records if self.root(key) == root}

    def are_apart(self, one: RecordKey, other: RecordKey) -> bool:
        """Whether a person took those apart who would be one if these two were."""
        roots = {self.root(one), self.root(other)}
        return any({self.root(each) for each in pair} == roots for pair in self.apart)

    def people(self) -> Iterator[Person]:
        """Everybody, by the record that stands; one that is only mentioned is nobody yet."""
        parts: dict[RecordKey, list[Record]] = {}
        for key, record in sorted(self.records.items()):
            if key in self.ties:
                parts.setdefault(self.root(key), []).append(record)
        for key, record in self.records.items():
            if key not in self.ties and (record.known or key in parts):
                yield Person(record, tuple(parts.get(key, ())))

    def questions(self) -> Iterator[Question]:
        """Everything that needs a person, whether somebody has looked at it or not."""
        for record in self.records.values():
            yield from record.questions()
        for key, tie in self.ties.items():
            if not tie.by_person:
                yield from _differences(self.records[key], self.records[self.root(key)], tie)
        for question in self.asked:
            if self._stands(question):
                yield question

    def _stands(self, question: Question) -> bool:
        """Whether what was asked for has not been done meanwhile."""
        one, other = (self.root(key_of(each)) for each in question.records)
        return (one == other) is (question.kind is QuestionKind.UNLINK_ASKED)


def key_of(identifier: Identifier) -> RecordKey:
    return identifier.value, identifier.issuer


def judge(entries: Iterable[Heard]) -> Family:
    """The family that these entries make, whatever order they are given in."""
    family = Family()
    ordered = sorted(entries, key=lambda each: each.order)
    for entry in ordered:
        _take(family, entry)
    for entry in ordered:
        if entry.way is Way.MENTIONED:
            _record(family, entry.own, entry).mention(entry)
    return family


def _take(family: Family, entry: Heard) -> None:
    record = _record(family, entry.own, entry)
    match entry.way:
        case Way.STATED:
            record.state(entry)
            _tie(family, entry)
        case Way.ACCEPTED:
            record.accept(entry)
        case Way.LINKED:
            for other in entry.said.others:
                _record(family, other, entry)
                _link(family, other, entry)
        case Way.SEPARATED:
            _separate(family, entry)
        case Way.MENTIONED:
            pass


def _tie(family: Family, entry: Heard) -> None:
    """What a source says of two records: a merge is done by rule, a link is only asked for."""
    for other in entry.said.others:
        _record(family, other, entry)
        match entry.said.verb:
            case PatientVerb.MERGED if other.issuer == entry.own.issuer:
                _merge(family, other, entry)
            case PatientVerb.MERGED:
                _ask(family, QuestionKind.MERGE_REFUSED, other, entry)
            case PatientVerb.LINKED:
                _ask(family, QuestionKind.LINK_ASKED, other, entry)
            case PatientVerb.UNLINKED:
                _ask(family, QuestionKind.UNLINK_ASKED, other, entry)
            case PatientVerb.STATED:
                pass


def _merge(family: Family, prior: Identifier, entry: Heard) -> None:
    """By rule, unless the record was merged elsewhere, or a person took apart who would be one.

    A merge the other way round turns the tie: the later one holds.
    """
    child, parent = key_of(prior), key_of(entry.own)
    elsewhere = child in family.ties and family.root(child) != family.root(parent)
    if elsewhere or family.are_apart(child, parent):
        _ask(family, QuestionKind.MERGE_REFUSED, prior, entry)
        return
    if family.root(parent) == child != parent:
        del family.ties[parent]
        family.turned[parent] = child
    if family.root(child) != family.root(parent):
        family.ties[child] = Tie(parent, entry, by_person=False)


def _link(family: Family, other: Identifier, entry: Heard) -> None:
    """A person says that two are one: all that was tied to the other comes along."""
    child, parent = family.root(key_of(other)), key_of(entry.own)
    if child != family.root(parent):
        family.ties[child] = Tie(parent, entry, by_person=True)
    family.apart = {(one, two) for one, two in family.apart if family.root(one) != family.root(two)}
    _answered(family, key_of(entry.own), key_of(other))


def _separate(family: Family, entry: Heard) -> None:
    """A person takes a record out, and what is part of it with it, of all it is with.

    A link of this record ends, also where an older merge that came late let it tie another one.
    """
    own = key_of(entry.own)
    before, seen = family.of(family.root(own)), _taken_from(family, entry)
    family.ties = {
        key: tie for key, tie in family.ties.items() if key != own and not _is_link_of(own, tie)
    }
    family.turned.pop(own, None)
    for other in seen:
        if family.root(other) == own != other:
            del family.ties[_beneath(family, other, own)]
    left = (before | seen) - family.of(own)
    family.apart |= {(own, other) for other in left}
    for other in left:
        _answered(family, own, other)


def _taken_from(family: Family, entry: Heard) -> set[RecordKey]:
    """Whom the person saw the record with.

    An older message that comes late can turn or refuse that tie. Where the decision does not say
    who it was, it is whoever it can have been.
    """
    own = key_of(entry.own)
    if entry.said.others:
        for other in entry.said.others:
            _record(family, other, entry)
        return {key_of(other) for other in entry.said.others}
    asked = [each.records for each in family.asked if each.kind is QuestionKind.MERGE_REFUSED]
    refused = {key_of(stands) for stands, prior in asked if key_of(prior) == own}
    turned = family.turned.get(own) if own not in family.ties else None
    return refused if turned is None else refused | {turned}


def _is_link_of(key: RecordKey, tie: Tie) -> bool:
    return tie.by_person and key in map(key_of, tie.by.said.others)


def _beneath(family: Family, key: RecordKey, root: RecordKey) -> RecordKey:
    """The record right beneath the root through which this one is part of it."""
    while family.ties[key].into != root:
        key = family.ties[key].into
    return key


def _answered(family: Family, one: RecordKey, other: RecordKey) -> None:
    """A person has decided on these two: what was asked of them until now is answered."""
    pair = {one, other}
    family.asked = [each for each in family.asked if pair != set(map(key_of, each.records))]


def _ask(family: Family, kind: QuestionKind, other: Identifier, entry: Heard) -> None:
    question = Question(
        kind,
        (entry.own, other),
        entry.at,
        entry.seq,
        entry.source,
        field=IDENTITY,
        raw=entry.raw,
    )
    if all(question.id != each.id for each in family.asked):
        family.asked.append(question)


def _record(family: Family, identifier: Identifier, entry: Heard) -> Record:
    key = key_of(identifier)
    record = family.records.get(key)
    if record is None:
        record = family.records[key] = Record(identifier)
        record.identify(identifier, entry)
    return record


def _differences(part: Record, root: Record, tie: Tie) -> Iterator[Question]:
    """Facts in force of a merged record that the record it became part of contradicts."""
    for slot, standing in part.force.items():
        theirs = root.force.get(slot)
        if theirs is not None and not agree(theirs.fact, standing.fact):
            yield Question(
                QuestionKind.MERGED_DIFFERENT,
                (root.own, part.own),
                tie.by.at,
                tie.by.seq,
                tie.by.source,
                standing.fact.field,
                slot,
                theirs.fact.text,
                standing.fact.text,
                tie.by.raw,
            )
