"""The facts that the ledger is computed from, small enough to travel in an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tps_bridge.plan import SECONDS, TREATING, Application, DoseReference, Plan, Source
from tps_bridge.plan.beam import Beam
from tps_bridge.record import DoseGiven, Record, RecordedChannel
from tps_bridge.rt import Item


@dataclass(frozen=True, slots=True)
class DosePoint:
    """At this meterset of the beam, its dose to a reference has reached `part` of its dose."""

    reference: int
    meterset: float
    part: float


@dataclass(frozen=True, slots=True)
class PlannedChannel:
    """A channel of an application: its `time` in seconds, `stops` dwells in it.

    `pulses` of a fraction, where it is pulsed.
    """

    number: int
    time: float | None
    stops: int
    pulses: int | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class GivenChannel:
    """A channel as a record tells it: times in seconds, pulses `wanted` and delivered."""

    number: int | None
    specified: float | None
    delivered: float | None
    wanted: int | None = None
    pulses: int | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class PlannedBeam:
    """`meterset` of one fraction in `unit`, `dose` of one fraction in Gy.

    `unit` is the Primary Dosimeter Unit: MU, MINUTE or NP (number of particles); nothing where the
    plan names none. Of an application of brachytherapy it is SECONDS, of the source as strong as it
    was planned.
    """

    number: int
    name: str
    meterset: float | None
    dose: float | None
    machine: str = ""
    points: tuple[DosePoint, ...] = ()
    unit: str = ""
    channels: tuple[PlannedChannel, ...] = ()

    @property
    def timed(self) -> bool:
        """Whether it is an application of brachytherapy."""
        return self.unit == SECONDS


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """A fraction group with the beams that treat; `prescribed` in Gy by dose reference."""

    number: int
    fractions: int | None
    beams: tuple[PlannedBeam, ...]
    prescribed: tuple[DoseGiven, ...] = ()
    a_day: int | None = None


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What of a plan the ledger needs. `setup` are beams that give no dose that counts."""

    uid: str
    groups: tuple[PlannedGroup, ...]
    references: tuple[DoseReference, ...]
    setup: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """A beam of a record, or a part of one. `place` is its number within the record, from 0.

    Metersets are in `unit`; in the plan's where it names none. `treatment` is whether it may have
    given dose that counts. `channels` are those of an application that a record tells; people tell
    its whole time, and what `by_people` is theirs.
    """

    record: str
    place: int
    beam: int | None
    fraction: int | None
    group: int | None
    delivery: str
    treatment: bool
    termination: str
    specified: float | None
    start: float | None
    end: float | None
    at: str
    day: str
    machine: str
    doses: tuple[DoseGiven, ...] = ()
    unclear: str = ""
    unit: str = ""
    channels: tuple[GivenChannel, ...] = ()
    by_people: bool = False

    @property
    def is_placed(self) -> bool:
        """Whether it tells from where to where it went."""
        return self.start is not None and self.end is not None

    @property
    def is_known(self) -> bool:
        """Whether it says in a known word that its dose counts."""
        return self.treatment and self.delivery in TREATING

    @property
    def is_numbered(self) -> bool:
        """Whether it tells of which fraction it is: they count from 1."""
        return self.fraction is not None and self.fraction >= 1

    @property
    def gave(self) -> bool | None:
        """Whether anything was given; None where it doesn't tell."""
        if self.end is None or self.unclear:
            return None
        return self.end > (self.start or 0.0)


@dataclass(frozen=True, slots=True)
class Noted:
    """What a person noted: who, when (microseconds), why."""

    who: str
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class Missed:
    """A day (YYYY-MM-DD) on which a fraction was due and not given."""

    day: str
    noted: Noted


@dataclass(frozen=True, slots=True)
class Made:
    """A missed day that a fraction made up for."""

    day: str
    fraction: int
    noted: Noted


def facts_of(plan: Plan) -> PlanFacts:
    """The facts of a plan."""
    return PlanFacts(
        uid=plan.uid,
        groups=tuple(
            PlannedGroup(
                group.number,
                group.fractions,
                (*_beams(plan, group.number), *_applications(plan, group.number)),
                tuple(
                    DoseGiven(each.reference, each.dose)
                    for each in group.prescribed
                    if each.dose is not None
                ),
                group.a_day,
            )
            for group in plan.groups
        ),
        references=plan.references,
        setup=tuple(each.number for each in plan.beams if each.is_setup),
    )


def _beams(plan: Plan, number: int) -> Iterator[PlannedBeam]:
    group = next(each for each in plan.groups if each.number == number)
    for given in group.beams:
        beam = plan.beam(given.number)
        if beam is not None and not beam.is_setup:
            yield PlannedBeam(
                beam.number,
                beam.name,
                given.meterset,
                given.dose,
                beam.machine,
                tuple(_dose_points(plan.tree, beam, given.meterset)),
                beam.unit,
            )


def _applications(plan: Plan, number: int) -> Iterator[PlannedBeam]:
    group = next(each for each in plan.groups if each.number == number)
    by_number = {each.number: each for each in plan.applications}
    machine = plan.tree.one("TreatmentMachineSequence").text("TreatmentMachineName")
    for given in group.applications:
        setup = by_number[given.number]
        times = [each.time for each in setup.channels]
        whole = None if None in times else sum(each for each in times if each is not None)
        name = setup.name or setup.kind
        yield PlannedBeam(
            setup.number,
            name,
            whole,
            given.dose,
            machine,
            unit=SECONDS,
            channels=tuple(planned_channels(plan, setup)),
        )


def planned_channels(plan: Plan, setup: Application) -> Iterator[PlannedChannel]:
    """The only source of a plan is that of every channel that names none."""
    sources: dict[int | None, Source] = {each.number: each for each in plan.sources}
    if len(plan.sources) == 1:
        sources[None] = plan.sources[0]
    for each in setup.channels:
        source = sources.get(each.source)
        yield PlannedChannel(each.number, each.time, each.stops, each.pulses, source)


def _dose_points(tree: Item, beam: Beam, meterset: float | None) -> Iterator[DosePoint]:
    """How dose grows along the beam (PS3.3 C.8.8.14.7), where the plan tells."""
    if meterset is None or not beam.final_weight:
        return
    several = tree.items("BeamSequence", "IonBeamSequence")
    item = next(each for each in several if each.number("BeamNumber") == beam.number)
    for point in item.items("ControlPointSequence", "IonControlPointSequence"):
        at = meterset * point.needed("CumulativeMetersetWeight") / beam.final_weight
        for each in point.items("ReferencedDoseReferenceSequence"):
            part = each.number("CumulativeDoseReferenceCoefficient")
            reference = each.integer("ReferencedDoseReferenceNumber")
            if part is not None and reference is not None:
                yield DosePoint(reference, at, part)


def given_by(record: Record) -> tuple[Given, ...]:
    """What a record says was given."""
    return tuple(
        Given(
            record=record.uid,
            place=place,
            beam=each.number,
            fraction=each.fraction,
            group=record.group,
            delivery=each.delivery,
            treatment=each.is_treatment,
            termination=each.termination,
            specified=each.specified,
            start=each.segment.start if each.segment else None,
            end=each.segment.end if each.segment else None,
            at=each.at,
            day=record.day,
            machine=record.machine,
            doses=each.doses,
            unclear=each.unclear,
            unit=each.unit,
            channels=tuple(map(given_channel, each.channels)),
        )
        for place, each in enumerate(record.beams)
    )


def given_channel(told: RecordedChannel) -> GivenChannel:
    """What the ledger needs of it."""
    return GivenChannel(
        told.number, told.specified, told.delivered, told.wanted, told.pulses, told.source
    )
