"""How far a result is out of the ordinary, by its interpretation codes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class FlagLevel(IntEnum):
    """NONE: nothing is said, or that it is normal, or in a code that is not of the table."""

    NONE = 0
    ABNORMAL = 1
    CRITICAL = 2


ABNORMAL = frozenset({"H", "L", "A", "<", ">"})
CRITICAL = frozenset({"HH", "LL", "AA"})
KNOWN = (*sorted(CRITICAL), *sorted(ABNORMAL), "N")
"""Codes of HL7 v2 table 0078 that have a word of their own; AA, HH and LL are panic limits."""


def level_of(flags: Iterable[str]) -> FlagLevel:
    """The gravest level among the flags of a result (HL7 v2 table 0078)."""
    said = frozenset(flags)
    if said & CRITICAL:
        return FlagLevel.CRITICAL
    return FlagLevel.ABNORMAL if said & ABNORMAL else FlagLevel.NONE
