"""The ledger of one fraction group of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from tps_bridge.ledger.beam import BeamCourse, beam_findings, course_of
from tps_bridge.ledger.dose import CumulativeDose, doses
from tps_bridge.ledger.fact import Given, Made, Missed, Noted, PlanFacts, PlannedGroup
from tps_bridge.ledger.finding import UNCOUNTED, Finding, FindingKind

WARN, ALARM = 0.01, 0.02
_DAY = 8
"""Digits of a day without a time."""


class FractionState(StrEnum):
    PLANNED = "planned"
    PARTIAL = "partial"
    DELIVERED = "delivered"


class PlanState(StrEnum):
    """TREAT: the next fraction may begin. RESUME: the last one begun is not finished.

    COMPLETE: all fractions were given. PARTIAL: it was ended before that. INACTIVE: it may not be
    treated: retired, replaced, or never approved.
    """

    TREAT = "treat"
    RESUME = "resume"
    COMPLETE = "complete"
    PARTIAL = "partial"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Fraction:
    """`days` (YYYYMMDD) are those on which something of it was given."""

    number: int
    state: FractionState
    beams: tuple[BeamCourse, ...]
    days: tuple[str, ...]

    @property
    def last(self) -> str:
        """When something of it was given last, YYYYMMDDHHMMSS.

        YYYYMMDD where anything of that day tells no time: nobody knows which was the last.
        """
        parts = [part for each in self.beams for part in each.parts]
        times = [part.at if len(part.at) > _DAY else part.day or part.at for part in parts]
        last = max((each[:_DAY] for each in (*times, *self.days)), default="")
        own = [each for each in times if each.startswith(last)]
        return last if not own or last in own else max(own)

    @property
    def given(self) -> float:
        """Meterset of all its beams in MU."""
        return sum(each.given for each in self.beams)


@dataclass(frozen=True, slots=True)
class Ledger:
    """`fractions` are those planned, and beyond them those given all the same."""

    state: PlanState
    planned: int | None
    fractions: tuple[Fraction, ...]
    doses: tuple[CumulativeDose, ...]
    findings: tuple[Finding, ...]
    missed: tuple[Missed, ...] = ()
    made: tuple[Made, ...] = ()

    @property
    def delivered(self) -> int:
        return sum(each.state is FractionState.DELIVERED for each in self.fractions)

    @property
    def partial(self) -> int:
        return sum(each.state is FractionState.PARTIAL for each in self.fractions)

    @property
    def uncounted(self) -> tuple[Finding, ...]:
        """What was given and is in none of the numbers of the prescription."""
        return tuple(each for each in self.findings if each.kind in UNCOUNTED)

    @property
    def next(self) -> int | None:
        """The fraction that comes next, of those that were prescribed.

        That which was begun last and is not finished, else the one after it; when there is none,
        one that was passed over: the last unfinished one before the first that was not begun.
        """
        if self.state not in {PlanState.TREAT, PlanState.RESUME}:
            return None
        last = max((each.number for each in self._begun), default=0)
        if self.state is PlanState.RESUME:
            return last
        if self.planned is None or last < self.planned:
            return last + 1
        left = self.passed_over
        unfinished = [each.number for each in left if each.state is FractionState.PARTIAL]
        return max(unfinished) if unfinished else min(each.number for each in left)

    @property
    def passed_over(self) -> tuple[Fraction, ...]:
        """Of those prescribed, what was not finished although a later one was begun."""
        last = max((each.number for each in self._begun), default=0)
        return tuple(
            each
            for each in self.fractions
            if each.number < last and each.state is not FractionState.DELIVERED
        )

    @property
    def _begun(self) -> list[Fraction]:
        """Of those prescribed."""
        return _begun(self.planned, self.fractions)


def ledger_of(
    facts: PlanFacts,
    group: PlannedGroup,
    given: Iterable[Given],
    *,
    missed: Sequence[Missed] = (),
    made: Sequence[Made] = (),
    ended: Noted | None = None,
    active: bool = True,
    limits: tuple[float, float] = (WARN, ALARM),
    doubtful: Mapping[str, str] = MappingProxyType({}),
    adrift: Iterable[Given] = (),
) -> Ledger:
    """Put together what is known; `limits` are warning and alarm of a meterset, as parts of one.

    `doubtful` are the days of records that are not among what is `given`, by their UIDs: nobody
    knows whose they are. `adrift` was given by no group that is known. `active` is whether the plan
    may be treated at all, `ended` that a person ended it early.
    """
    known = _once(given)
    treated = _counting(facts, known)
    fractions = tuple(_fractions(group, treated))
    courses = [course for each in fractions for course in each.beams]
    lost = _once(adrift)
    findings = (
        *_misfits(group, treated),
        *_doubtful(facts, (*known, *lost)),
        *(_uncounted(FindingKind.UNGROUPED, each) for each in _counting(facts, lost)),
        *(
            finding
            for each in fractions
            for course in each.beams
            for finding in beam_findings(course, each.number, *limits)
        ),
        *_of_days(group, fractions),
        *(Finding(FindingKind.STRANGER, record=uid, day=day) for uid, day in doubtful.items()),
    )
    return Ledger(
        state=_state(group, fractions, ended=ended is not None, active=active),
        planned=group.fractions,
        fractions=fractions,
        doses=doses(facts, group, courses),
        findings=findings,
        missed=tuple(sorted(missed, key=lambda each: each.day)),
        made=tuple(made),
    )


def _once(given: Iterable[Given]) -> list[Given]:
    """Each part of a record once, in an order that does not depend on how they came."""
    unique = {(each.record, each.place): each for each in given}
    return [unique[key] for key in sorted(unique)]


def _fractions(group: PlannedGroup, treated: Sequence[Given]) -> Iterator[Fraction]:
    numbered = {each.fraction for each in treated if each.fraction is not None and each.is_numbered}
    for number in sorted({*range(1, (group.fractions or 0) + 1), *numbered}):
        yield _fraction(group, number, [each for each in treated if each.fraction == number])


def _fraction(group: PlannedGroup, number: int, given: Sequence[Given]) -> Fraction:
    beams = tuple(
        course_of(beam, [each for each in given if each.beam == beam.number])
        for beam in group.beams
    )
    days = tuple(sorted({each.day for each in given if each.day}))
    if not given:
        state = FractionState.PLANNED
    elif all(each.finished for each in beams):
        state = FractionState.DELIVERED
    else:
        state = FractionState.PARTIAL
    return Fraction(number, state, beams, days)


def _misfits(group: PlannedGroup, treated: Sequence[Given]) -> Iterator[Finding]:
    """Parts that have no place in the group."""
    known = {each.number for each in group.beams}
    for each in treated:
        if not each.is_numbered:
            yield _uncounted(FindingKind.UNNUMBERED, each)
        if each.beam not in known:
            yield _uncounted(FindingKind.UNKNOWN_BEAM, each)


def _counting(facts: PlanFacts, given: Iterable[Given]) -> list[Given]:
    """What gave dose that counts."""
    return [each for each in given if each.is_known and each.beam not in facts.setup]


def _doubtful(facts: PlanFacts, given: Iterable[Given]) -> Iterator[Finding]:
    """Parts of which nobody knows whether their dose counts."""
    treating = {beam.number for group in facts.groups for beam in group.beams}
    for each in given:
        if each.treatment and not each.is_known:
            yield _uncounted(FindingKind.UNTYPED, each, each.delivery)
        elif each.beam in facts.setup:
            if each.treatment and each.gave is not False and (each.delivery or each.gave):
                yield _uncounted(FindingKind.CONTRARY, each, each.delivery)
        elif each.delivery == "SETUP" and each.beam in treating and each.gave:
            yield _uncounted(FindingKind.CONTRARY, each, each.delivery)


def _uncounted(kind: FindingKind, part: Given, detail: str = "") -> Finding:
    return Finding(kind, part.fraction, part.beam, record=part.record, detail=detail, day=part.day)


def _begun(planned: int | None, fractions: Sequence[Fraction]) -> list[Fraction]:
    return [
        each
        for each in fractions
        if each.state is not FractionState.PLANNED and (planned is None or each.number <= planned)
    ]


def _of_days(group: PlannedGroup, fractions: Sequence[Fraction]) -> Iterator[Finding]:
    begun = [each for each in fractions if each.state is not FractionState.PLANNED]
    for each in begun:
        if group.fractions is not None and each.number > group.fractions:
            parts = {part.record: part for beam in each.beams for part in beam.parts}
            yield from (_uncounted(FindingKind.BEYOND, part) for part in parts.values())
    firsts = Counter(each.days[0] for each in begun if each.days)
    for each in begun:
        if each.days and firsts[each.days[0]] > (group.a_day or 1):
            yield Finding(FindingKind.SAME_DAY, each.number, day=each.days[0])
    for each in fractions:
        passed = begun and each.number < begun[-1].number
        if passed and each.state is FractionState.PLANNED:
            yield Finding(FindingKind.PASSED_OVER, each.number)
    dated = [each for each in begun if each.days]
    for before, after in pairwise(dated):
        if after.days[0] < before.days[0]:
            yield Finding(FindingKind.OUT_OF_ORDER, after.number, day=after.days[0])


def _state(
    group: PlannedGroup, fractions: Sequence[Fraction], *, ended: bool, active: bool
) -> PlanState:
    if group.fractions is not None and _all_given(group.fractions, fractions):
        return PlanState.COMPLETE
    if ended:
        return PlanState.PARTIAL
    if not active:
        return PlanState.INACTIVE
    begun = _begun(group.fractions, fractions)
    if begun and begun[-1].state is FractionState.PARTIAL:
        return PlanState.RESUME
    return PlanState.TREAT


def _all_given(planned: int, fractions: Sequence[Fraction]) -> bool:
    return (
        sum(each.state is FractionState.DELIVERED and each.number <= planned for each in fractions)
        == planned
    )
