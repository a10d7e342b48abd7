"""What keeps a fraction from being given: checks with their reasons, and overrides. Pure."""

from tps_bridge.block.attempt import Attempt, Case, Override, Registered, overrides_of
from tps_bridge.block.check import BlockKind, Check, checks, stands

__all__ = [
    "Attempt",
    "BlockKind",
    "Case",
    "Check",
    "Override",
    "Registered",
    "checks",
    "overrides_of",
    "stands",
]
