"""What keeps a fraction from being given: checks with their reasons, and overrides. Pure."""

from tps_bridge.block.attempt import (
    Attempt,
    ByHand,
    Case,
    Doubt,
    Other,
    Override,
    Registered,
    Uncounted,
    Untold,
    overrides_of,
)
from tps_bridge.block.check import NEVER_SET_ASIDE, BlockKind, Check, checks, stands
from tps_bridge.block.emergency import Emergency, emergency_of

__all__ = [
    "NEVER_SET_ASIDE",
    "Attempt",
    "BlockKind",
    "ByHand",
    "Case",
    "Check",
    "Doubt",
    "Emergency",
    "Other",
    "Override",
    "Registered",
    "Uncounted",
    "Untold",
    "checks",
    "emergency_of",
    "overrides_of",
    "stands",
]
