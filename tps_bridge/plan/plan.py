"""A plan: what was prescribed, and what a machine is to do for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tps_bridge.plan.beam import Beam
from tps_bridge.plan.brachy import Application, Source
from tps_bridge.plan.identity import Identity
from tps_bridge.rt import Item


class PlanKind(StrEnum):
    PHOTON = "photon"
    ELECTRON = "electron"
    ION = "ion"
    BRACHY = "brachy"
    MIXED = "mixed"


class Approval(StrEnum):
    """PS3.3 C.8.8.16. UNSAID: the object says nothing, or what the standard does not know."""

    APPROVED = "APPROVED"
    UNAPPROVED = "UNAPPROVED"
    REJECTED = "REJECTED"
    UNSAID = ""


@dataclass(frozen=True, slots=True)
class DoseReference:
    """A target or organ at risk (PS3.3 C.8.8.10). Doses in Gy, None where not given."""

    number: int
    kind: str
    name: str
    structure: int | None = None
    prescribed: float | None = None
    maximum: float | None = None
    limit: float | None = None
    uid: str = ""

    @property
    def is_target(self) -> bool:
        return self.kind == "TARGET"


@dataclass(frozen=True, slots=True)
class GroupBeam:
    """A beam, or an application setup, in a fraction group: meterset and dose of one fraction."""

    number: int
    meterset: float | None
    dose: float | None


@dataclass(frozen=True, slots=True)
class Prescribed:
    """What a fraction group prescribes to a dose reference, in Gy over all its fractions."""

    reference: int
    dose: float | None


@dataclass(frozen=True, slots=True)
class FractionGroup:
    """`a_day` is the most fractions that its pattern has on one day; None without a pattern."""

    number: int
    fractions: int | None
    beams: tuple[GroupBeam, ...]
    applications: tuple[GroupBeam, ...] = ()
    prescribed: tuple[Prescribed, ...] = ()
    a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """Another plan and how it is related (`PREDECESSOR`, `PRIOR` …, PS3.3 C.8.8.9)."""

    uid: str
    relation: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`digest` is that of everything that changes delivery: see `tps_bridge.rt.canon`.

    `delivers` is that, `tree` the whole object with its control points expanded; `private` counts
    elements that are not compared, because only their maker understands them.
    """

    uid: str
    sop_class: str
    kind: PlanKind
    label: str
    name: str
    made: str
    intent: str
    approval: Approval
    reviewer: str
    reviewed: str
    identity: Identity
    study: str
    series: str
    frame_of_reference: str
    structure_set: str
    related: tuple[Related, ...]
    references: tuple[DoseReference, ...]
    groups: tuple[FractionGroup, ...]
    beams: tuple[Beam, ...]
    applications: tuple[Application, ...]
    digest: str
    delivers: Item
    tree: Item
    private: int = 0
    sources: tuple[Source, ...] = ()

    @property
    def treatment_beams(self) -> tuple[Beam, ...]:
        """Without those that only set up."""
        return tuple(each for each in self.beams if not each.is_setup)

    @property
    def machines(self) -> tuple[str, ...]:
        """The machines of its beams, each once."""
        return tuple(dict.fromkeys(each.machine for each in self.beams if each.machine))

    def beam(self, number: int) -> Beam | None:
        return next((each for each in self.beams if each.number == number), None)
