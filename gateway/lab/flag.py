"""How far a result is out of the ordinary, by its interpretation codes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class FlagLevel(IntEnum):
    """NONE: nothing is said, or that it is as it should be."""

    NONE = 0
    ABNORMAL = 1
    CRITICAL = 2


_CRITICAL = frozenset({"HH", "LL", "AA", "HU", "LU"})
_CALM = frozenset({"", "N", "NEG", "ND", "NR", "EXP", "B", "S", "MS", "VS"})


def level_of(flags: Iterable[str]) -> FlagLevel:
    """The gravest level among the flags of a result, in upper or lower case.

    By HL7 v2 table 0078, to which 2.8 added HU and LU (significantly high and low), HX and LX
    (beyond a threshold). AA, HH and LL are panic limits. Nobody knows how grave a code is that
    the table does not have, or an analyzer's own that its profile does not translate: it is
    abnormal, and shown as it was sent.
    """
    said = frozenset(flag.strip().upper() for flag in flags)
    if said & _CRITICAL:
        return FlagLevel.CRITICAL
    return FlagLevel.ABNORMAL if said - _CALM else FlagLevel.NONE
