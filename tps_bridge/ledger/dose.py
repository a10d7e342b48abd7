"""The dose that was given to each dose reference of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tps_bridge.ledger.beam import BeamCourse
from tps_bridge.ledger.fact import DosePoint, Given, PlanFacts, PlannedBeam, PlannedGroup
from tps_bridge.plan import DoseReference

_SAME = 1e-6


class Basis(StrEnum):
    """Where a dose comes from.

    RECORD: the records give it. COEFFICIENT: by the plan's cumulative dose reference coefficients
    times its beam doses (PS3.3 C.8.8.14.7). SHARE: the prescribed dose times the share of the
    planned meterset that was given. NONE: nothing tells it.
    """

    RECORD = "the treatment records"
    COEFFICIENT = "the plan's dose coefficients"
    SHARE = "the share of the meterset"
    NONE = "nothing tells it"


@dataclass(frozen=True, slots=True)
class CumulativeDose:
    """Doses in Gy; `given` is None where nothing tells it. `next` is that of one whole fraction."""

    reference: DoseReference
    prescribed: float | None
    given: float | None
    next: float | None
    basis: Basis


def doses(
    facts: PlanFacts, group: PlannedGroup, courses: Sequence[BeamCourse]
) -> tuple[CumulativeDose, ...]:
    """The doses that the beams of all fractions of a group gave."""
    return tuple(
        _dose(each, _prescribed(each, facts, group), group, courses) for each in facts.references
    )


def _prescribed(reference: DoseReference, facts: PlanFacts, group: PlannedGroup) -> float | None:
    """What the group prescribes, else the plan if it has no other: in Gy over all fractions.

    Of what the plan prescribes to several groups together nobody knows which part is whose.
    """
    own = [each.dose for each in group.prescribed if each.reference == reference.number]
    if own:
        return own[0]
    return reference.prescribed if len(facts.groups) == 1 else None


def _dose(
    reference: DoseReference,
    prescribed: float | None,
    group: PlannedGroup,
    courses: Sequence[BeamCourse],
) -> CumulativeDose:
    parts = [part for course in courses for part in course.parts]
    of_records = _of_records(reference.number, parts)
    whole = _by_coefficients(reference.number, group)
    if of_records is not None:
        per = prescribed / group.fractions if prescribed and group.fractions else whole
        return CumulativeDose(reference, prescribed, of_records, per, Basis.RECORD)
    if whole is not None:
        given = sum(_of_course(reference.number, course) for course in courses)
        return CumulativeDose(reference, prescribed, given, whole, Basis.COEFFICIENT)
    share = _share(group, courses)
    if reference.is_target and prescribed is not None and group.fractions and share is not None:
        per = prescribed / group.fractions
        return CumulativeDose(reference, prescribed, per * share, per, Basis.SHARE)
    return CumulativeDose(reference, prescribed, None, None, Basis.NONE)


def _of_records(reference: int, parts: Iterable[Given]) -> float | None:
    """The sum of what the records give, if each of them gives it."""
    total, several = 0.0, list(parts)
    for part in several:
        own = [each.dose for each in part.doses if each.reference == reference]
        if len(own) != 1:
            return None
        total += own[0]
    return total if several else None


def _by_coefficients(reference: int, group: PlannedGroup) -> float | None:
    """Dose of one fraction, if each beam tells its dose and how it grows at the reference."""
    total = 0.0
    for beam in group.beams:
        points = _curve(reference, beam)
        if beam.dose is None or not points:
            return None
        total += beam.dose * points[-1].part
    return total if group.beams else None


def _of_course(reference: int, course: BeamCourse) -> float:
    points, dose = _curve(reference, course.beam), course.beam.dose or 0.0
    return sum(
        dose * (_part_at(points, each.end) - _part_at(points, each.start))
        for each in course.parts
        if each.start is not None and each.end is not None
    )


def _curve(reference: int, beam: PlannedBeam) -> list[DosePoint]:
    """How the dose grows from 0 to the end of a beam; nothing where the plan doesn't tell it."""
    told = [each for each in beam.points if each.reference == reference]
    if not told or beam.meterset is None:
        return []
    if told[0].meterset > 0:
        told = [DosePoint(reference, 0.0, 0.0), *told]
    ends = abs(told[-1].meterset - beam.meterset) <= _SAME * max(1.0, beam.meterset)
    grows = all(after.part >= before.part for before, after in pairwise(told))
    return told if ends and grows and abs(told[0].part) <= _SAME else []


def _part_at(points: Sequence[DosePoint], meterset: float) -> float:
    """The coefficient at a meterset, linear between control points, and beyond the last one."""
    before = points[0]
    for after in points[1:]:
        if meterset <= after.meterset or after is points[-1]:
            span = after.meterset - before.meterset
            slope = (after.part - before.part) / span if span else 0.0
            return before.part + slope * (meterset - before.meterset)
        before = after
    return before.part


def _share(group: PlannedGroup, courses: Sequence[BeamCourse]) -> float | None:
    """How many fractions were given, beams weighed by their dose, else by their meterset."""
    weights = [each.dose for each in group.beams]
    if None in weights or not sum(each or 0.0 for each in weights):
        weights = [each.meterset for each in group.beams]
    whole = sum(each or 0.0 for each in weights)
    if None in weights or not whole:
        return None
    weight = {beam.number: each or 0.0 for beam, each in zip(group.beams, weights, strict=True)}
    shares = (
        weight.get(course.beam.number, 0.0) * course.given / course.beam.meterset
        for course in courses
        if course.beam.meterset
    )
    return sum(shares) / whole
