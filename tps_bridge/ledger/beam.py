"""The parts of one beam in one fraction put together (PS3.3 C.8.8.21.2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tps_bridge.ledger.channel import by_channel, fitting
from tps_bridge.ledger.fact import Given, PlannedBeam
from tps_bridge.ledger.finding import Finding, FindingKind
from tps_bridge.plan.beam import PARTICLES

ROUNDING = 0.02
"""Of a meterset, what machines lose by writing it with two decimals."""
_REACHED = 0.01
"""How far below the plan a beam that ended normally may stop and be finished."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one meterset to another."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class BeamCourse:
    """A beam in a fraction; metersets in `unit`. `given` counts what was given twice twice.

    `gaps` are stretches that nobody gave although later ones were; `overlap` was given more than
    once; `overrun` is what lies beyond the plan. `finished` is whether all of it was given.
    """

    beam: PlannedBeam
    parts: tuple[Given, ...]
    given: float
    reached: float
    gaps: tuple[Stretch, ...]
    overlap: float
    overrun: float
    finished: bool
    unit: str

    @property
    def is_clear(self) -> bool:
        """Whether every part tells where it lies, and doesn't contradict itself."""
        return all(each.is_placed and not each.unclear for each in self.parts)

    @property
    def deviation(self) -> float | None:
        """What was given against the plan, as a part of one; None where nothing is planned."""
        planned = self.beam.meterset
        return (self.given - planned) / planned if planned else None


def course_of(beam: PlannedBeam, parts: Iterable[Given]) -> BeamCourse:
    """Put the parts of a beam together, in the order of their metersets."""
    told = sorted(parts, key=lambda each: (each.start or 0.0, each.end or 0.0, each.record))
    unit = next((each for each in (beam.unit, *(part.unit for part in told)) if each), "")
    known = [fitting(beam, _in(unit, each)) for each in told]
    by_plan = [_by_plan(beam, each) for each in known]
    stretches = _placed(by_plan)
    planned = beam.meterset
    slack = max(ROUNDING, PARTICLES * (planned or 0.0))
    covered, gaps, overlap = _union(stretches, slack)
    reached = max((each.end for each in stretches), default=0.0)
    normal = any(each.termination == "NORMAL" and each.end == reached for each in by_plan)
    whole = planned is not None and _whole(covered, planned, slack, normal=normal)
    return BeamCourse(
        beam=beam,
        parts=tuple(known),
        given=sum(each.length for each in stretches),
        reached=reached,
        gaps=tuple(gaps),
        overlap=overlap,
        overrun=_above(reached, planned, slack),
        finished=bool(known) and whole,
        unit=unit,
    )


def _in(unit: str, part: Given) -> Given:
    """A part whose metersets are in another unit is as if it told none: nobody converts them."""
    if part.unit in ("", unit):
        return part
    why = f"its meterset is in {part.unit}, the plan's in {unit}"
    return replace(part, specified=None, start=None, end=None, unclear=why)


def _by_plan(beam: PlannedBeam, part: Given) -> Given:
    """An afterloader takes longer as its source decays: what was specified then is the plan."""
    planned, specified = beam.meterset, part.specified
    if not beam.timed or not planned or not specified or part.start is None or part.end is None:
        return part
    if part.channels:
        return by_channel(beam, part)
    scale = planned / specified
    return replace(part, start=part.start * scale, end=part.end * scale)


def _whole(covered: float, planned: float, slack: float, *, normal: bool) -> bool:
    """Whether so much is all of it: what ended normally may fall short by its rounding."""
    return covered >= planned - (max(slack, planned * _REACHED) if normal else slack)


def _above(reached: float, planned: float | None, slack: float) -> float:
    beyond = reached - planned if planned is not None else 0.0
    return beyond if beyond > slack else 0.0


def _placed(parts: Iterable[Given]) -> list[Stretch]:
    """Where each part lies; one that doesn't tell its start can't be placed, and doesn't count."""
    return [
        Stretch(each.start, each.end)
        for each in parts
        if each.start is not None and each.end is not None
    ]


def _union(stretches: list[Stretch], slack: float) -> tuple[float, list[Stretch], float]:
    """Meterset covered, the gaps before the end, and what is covered more than once."""
    covered, overlap, end = 0.0, 0.0, 0.0
    gaps = []
    for each in sorted(stretches, key=lambda one: (one.start, one.end)):
        if each.start - end > slack:
            gaps.append(Stretch(end, each.start))
        twice = min(each.end, end) - each.start
        if twice > slack:
            overlap += twice
        covered += max(0.0, each.end - max(each.start, end))
        end = max(end, each.end)
    return covered, gaps, overlap


def beam_findings(
    course: BeamCourse, fraction: int, warn: float, alarm: float
) -> Iterator[Finding]:
    """What of a beam needs a person; `warn` and `alarm` as parts of the planned meterset."""
    number = course.beam.number
    for gap in course.gaps:
        yield Finding(FindingKind.GAP, fraction, number, gap.length)
    if course.overlap:
        yield Finding(FindingKind.OVERLAP, fraction, number, course.overlap)
    if course.overrun:
        yield Finding(FindingKind.OVERRUN, fraction, number, course.overrun)
    off = course.deviation
    if off is not None and course.finished and abs(off) > warn:
        kind = FindingKind.HIGH if off > 0 else FindingKind.LOW
        yield Finding(kind if abs(off) > alarm else FindingKind.SLIGHT, fraction, number, off)
    yield from _of_parts(course, fraction)


def _of_parts(course: BeamCourse, fraction: int) -> Iterator[Finding]:
    number, beam = course.beam.number, course.beam
    begun = any(each.start is not None and each.start <= ROUNDING for each in course.parts)
    if course.parts and not begun:
        yield Finding(FindingKind.LOOSE, fraction, number, record=course.parts[0].record)
    machines = dict.fromkeys(each.machine for each in course.parts)
    if len(machines) > 1:
        yield Finding(FindingKind.MACHINES, fraction, number, detail=", ".join(machines))
    for each in course.parts:
        if each.unclear or not each.is_placed:
            kind = FindingKind.UNCLEAR if each.is_placed else FindingKind.UNPLACED
            yield Finding(
                kind, fraction, number, record=each.record, detail=each.unclear, day=each.day
            )
        if beam.machine and each.machine not in ("", beam.machine):
            yield Finding(
                FindingKind.OTHER_MACHINE, fraction, number, record=each.record, detail=each.machine
            )
        told, planned = each.specified, beam.meterset
        if told is None or planned is None or beam.timed:
            continue
        if abs(told - planned) > ROUNDING:
            yield Finding(FindingKind.SPECIFIED, fraction, number, told, each.record)
