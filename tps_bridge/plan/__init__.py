"""Plans as they were made: prescription, fraction groups, beams, control points. Pure."""

from tps_bridge.plan.beam import IMAGING, TREATING, Beam, ControlPoint, Limiter
from tps_bridge.plan.brachy import SECONDS, Application, Channel, Dwell, Source, read_source
from tps_bridge.plan.identity import Identity, Unlike, identity_of, same_name
from tps_bridge.plan.plan import (
    Approval,
    DoseReference,
    FractionGroup,
    GroupBeam,
    Plan,
    PlanKind,
    Prescribed,
    Related,
)
from tps_bridge.plan.read import PLAN_CLASSES, read_plan
from tps_bridge.plan.volume import (
    DOSE,
    STRUCTURES,
    DoseGrid,
    Structure,
    StructureSet,
    read_dose,
    read_structures,
)

__all__ = [
    "DOSE",
    "IMAGING",
    "PLAN_CLASSES",
    "SECONDS",
    "STRUCTURES",
    "TREATING",
    "Application",
    "Approval",
    "Beam",
    "Channel",
    "ControlPoint",
    "DoseGrid",
    "DoseReference",
    "Dwell",
    "FractionGroup",
    "GroupBeam",
    "Identity",
    "Limiter",
    "Plan",
    "PlanKind",
    "Prescribed",
    "Related",
    "Source",
    "Structure",
    "StructureSet",
    "Unlike",
    "identity_of",
    "read_dose",
    "read_plan",
    "read_source",
    "read_structures",
    "same_name",
]
