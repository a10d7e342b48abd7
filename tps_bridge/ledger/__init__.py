"""What was given of what was planned: fractions, metersets, doses, and what needs a person. Pure.

The ledger is computed from facts: those of the plan, of the records, and of what people noted.
The order in which they came means nothing, and one that comes twice counts once.
"""

from tps_bridge.ledger.beam import BeamCourse, course_of
from tps_bridge.ledger.carried import Carried, carried, times_of
from tps_bridge.ledger.dose import Basis, CumulativeDose, doses
from tps_bridge.ledger.fact import (
    Given,
    Made,
    Missed,
    Noted,
    PlanFacts,
    PlannedBeam,
    PlannedGroup,
    facts_of,
    given_by,
)
from tps_bridge.ledger.finding import UNCOUNTED, Finding, FindingKind
from tps_bridge.ledger.ledger import Fraction, FractionState, Ledger, PlanState, ledger_of
from tps_bridge.ledger.total import Discord, DiscordKind, discords

__all__ = [
    "UNCOUNTED",
    "Basis",
    "BeamCourse",
    "Carried",
    "CumulativeDose",
    "Discord",
    "DiscordKind",
    "Finding",
    "FindingKind",
    "Fraction",
    "FractionState",
    "Given",
    "Ledger",
    "Made",
    "Missed",
    "Noted",
    "PlanFacts",
    "PlanState",
    "PlannedBeam",
    "PlannedGroup",
    "carried",
    "course_of",
    "discords",
    "doses",
    "facts_of",
    "given_by",
    "ledger_of",
    "times_of",
]
