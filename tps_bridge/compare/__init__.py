"""Do two accounts of one plan agree: as approved, as scheduled, as delivered? Pure."""

from tps_bridge.compare.brachy import compare_application
from tps_bridge.compare.delivered import as_delivered, as_planned, compare_delivered
from tps_bridge.compare.difference import Branch, Difference, Severity, Spot, Step, branches, worst
from tps_bridge.compare.limit import Limit, Limits, Tolerances, of_plan
from tps_bridge.compare.walk import compare, compare_plans
from tps_bridge.compare.words import said, shown, step_words

__all__ = [
    "Branch",
    "Difference",
    "Limit",
    "Limits",
    "Severity",
    "Spot",
    "Step",
    "Tolerances",
    "as_delivered",
    "as_planned",
    "branches",
    "compare",
    "compare_application",
    "compare_delivered",
    "compare_plans",
    "of_plan",
    "said",
    "shown",
    "step_words",
    "worst",
]
