"""Plans and records as the book keeps them: all but the control points, which stay in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter

from tps_bridge.ledger import Discord, Given, PlanFacts, facts_of, given_by
from tps_bridge.plan import DoseGrid, Identity, Plan, Related, StructureSet
from tps_bridge.plan.beam import Beam, energy_unit
from tps_bridge.record import Record, Summary, Verification, worst

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BeamCard:
    """A beam in a list; `arc` are its first and last gantry angle in degrees.

    `meterset` is in `unit`, the Primary Dosimeter Unit; `dose` in Gy.
    """

    number: int
    name: str
    kind: str
    radiation: str
    delivery: str
    machine: str
    meterset: float | None
    dose: float | None
    energy: float | None
    points: int
    arc: tuple[float | None, float | None]
    accessories: tuple[str, ...]
    unit: str = ""

    @property
    def energy_unit(self) -> str:
        """That of its `energy`."""
        return energy_unit(self.radiation)


@dataclass(frozen=True, slots=True)
class PlanCard:
    """`digest` is that of everything that changes delivery; times as the object writes them."""

    uid: str
    label: str
    name: str
    kind: str
    intent: str
    made: str
    approval: str
    reviewer: str
    reviewed: str
    digest: str
    identity: Identity
    study: str
    structure_set: str
    machines: tuple[str, ...]
    related: tuple[Related, ...]
    beams: tuple[BeamCard, ...]
    facts: PlanFacts
    private: int = 0


@dataclass(frozen=True, slots=True)
class RecordCard:
    """`plan` is the UID of the plan that it names, or nothing; `verification` the worst told."""

    uid: str
    plan: str
    machine: str
    serial: str
    day: str
    identity: Identity
    given: tuple[Given, ...]
    overrides: tuple[str, ...] = ()
    verification: Verification = Verification.UNSAID

    @property
    def treats(self) -> bool:
        """Whether any of it gave dose that counts."""
        return any(each.treatment for each in self.given)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A record against its plan: how many differences of each severity; `worst` 0 for none.

    `what` says why they can't be compared, if they can't; `untold` counts what one of the two
    doesn't tell, so that it was not compared.
    """

    record: str
    digest: str
    worst: int
    notes: int
    warnings: int
    alarms: int
    what: str = ""
    untold: int = 0


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan with what became of it. `seq` is that of its object's event."""

    card: PlanCard
    seq: int
    received: int
    state: str
    planned: int | None
    delivered: int
    partial: int
    findings: int
    last_day: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record; `known` is whether its plan is here."""

    card: RecordCard
    seq: int
    received: int
    known: bool
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A summary; `known` is whether its plan is here, `settled` that these `discords` were seen."""

    card: Summary
    seq: int
    received: int
    known: bool
    discords: tuple[Discord, ...]
    settled: bool

    @property
    def is_open(self) -> bool:
        """Whether a person has to look."""
        return not self.known or bool(self.discords and not self.settled)

    @property
    def found(self) -> str:
        """What differs, as a note of somebody who saw it repeats it."""
        return said_of(self.discords)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An object for a person: what is wrong with it and where; the object is kept."""

    uid: str
    sop_class: str
    seq: int
    received: int
    state: str
    what: str


def said_of(found: Iterable[Discord]) -> str:
    """Differences in one line."""
    return "; ".join(f"{each.kind} {each.number}: {each.theirs} | {each.ours}" for each in found)


_ADAPTERS: Mapping[type[Any], TypeAdapter[Any]] = {
    kind: TypeAdapter(kind)
    for kind in (PlanCard, RecordCard, Comparison, StructureSet, DoseGrid, Summary)
}


def written(value: Any) -> dict[str, Any]:
    """A card as JSON has it."""
    made: dict[str, Any] = _ADAPTERS[type(value)].dump_python(value, mode="json")
    return made


def read(kind: type[T], said: Any) -> T:
    """What `written` wrote."""
    card: T = _ADAPTERS[kind].validate_python(said)
    return card


def as_json(value: Any) -> bytes:
    return _ADAPTERS[type(value)].dump_json(value)


def from_json(kind: type[T], body: bytes) -> T:
    card: T = _ADAPTERS[kind].validate_json(body)
    return card


def card_of(plan: Plan) -> PlanCard:
    """The card of a plan."""
    return PlanCard(
        uid=plan.uid,
        label=plan.label,
        name=plan.name,
        kind=plan.kind,
        intent=plan.intent,
        made=plan.made,
        approval=plan.approval,
        reviewer=plan.reviewer,
        reviewed=plan.reviewed,
        digest=plan.digest,
        identity=plan.identity,
        study=plan.study,
        structure_set=plan.structure_set,
        machines=plan.machines or _machine(plan),
        related=plan.related,
        beams=tuple(_beam(each) for each in plan.beams),
        facts=facts_of(plan),
        private=plan.private,
    )


def _machine(plan: Plan) -> tuple[str, ...]:
    name = plan.tree.one("TreatmentMachineSequence").text("TreatmentMachineName")
    return (name,) if name else ()


def _beam(beam: Beam) -> BeamCard:
    accessories = (
        *beam.wedges,
        *beam.blocks,
        *((beam.applicator,) if beam.applicator else ()),
        *beam.boli,
        *((beam.fluence,) if beam.fluence not in ("", "STANDARD") else ()),
    )
    return BeamCard(
        number=beam.number,
        name=beam.name,
        kind=beam.kind,
        radiation=beam.radiation,
        delivery=beam.delivery,
        machine=beam.machine,
        meterset=beam.meterset,
        dose=beam.dose,
        energy=beam.points[0].energy,
        points=len(beam.points),
        arc=(beam.points[0].gantry, beam.points[-1].gantry),
        accessories=accessories,
        unit=beam.unit,
    )


def record_card_of(record: Record) -> RecordCard:
    """The card of a record."""
    return RecordCard(
        uid=record.uid,
        plan=record.plan,
        machine=record.machine,
        serial=record.serial,
        day=record.day,
        identity=record.identity,
        given=given_by(record),
        overrides=tuple(override for each in record.beams for override in each.overrides),
        verification=worst(each.verification for each in record.beams),
    )
