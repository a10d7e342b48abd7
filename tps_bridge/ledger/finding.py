"""What the ledger finds that a person has to look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What a person has to look at.

    GAP: meterset that no part gave. OVERLAP: given twice. OVERRUN: beyond what was planned.
    LOW, HIGH: a finished beam's meterset is off by more than the site's alarm; SLIGHT: by more
    than its warning. BEYOND: a fraction beyond the prescription. LOOSE: a continuation without a
    beginning. SAME_DAY: more fractions on a day than prescribed. UNNUMBERED: no fraction number
    from 1 on. UNTYPED: a Treatment Delivery Type that nobody knows. CONTRARY: a treatment by a beam
    that only sets up in the plan, or the reverse. UNKNOWN_BEAM: not in the plan. UNGROUPED: of no
    fraction group of the plan, or nobody knows which. PLANLESS: of no plan that is known, UNREAD,
    WAITING: of nobody knows what. UNPLACED: no meterset, or none from which a continuation went on,
    or channels of an application that are not those of the plan. MACHINES: parts of a beam from two
    machines. OTHER_MACHINE: not the planned one. OUT_OF_ORDER: a later fraction came first.
    PASSED_OVER: not begun, and a later one was. UNCLEAR: the record contradicts itself; what its
    control points tell is counted until people said otherwise.
    SPECIFIED: the machine was told another meterset than the plan's. STRANGER: a record names
    another patient, and counts for nothing until people said whose it is.
    """

    GAP = "gap"
    OVERLAP = "given twice"
    OVERRUN = "overrun"
    LOW = "too little"
    HIGH = "too much"
    SLIGHT = "slightly off"
    BEYOND = "beyond the prescription"
    LOOSE = "continued without a beginning"
    SAME_DAY = "more fractions on a day than prescribed"
    UNNUMBERED = "no fraction number"
    UNTYPED = "delivery type not known"
    CONTRARY = "plan and record disagree whether it treats"
    UNKNOWN_BEAM = "not a beam of the plan"
    UNGROUPED = "no fraction group of the plan"
    PLANLESS = "no plan named, or several"
    UNREAD = "can't be read"
    WAITING = "not read yet"
    UNPLACED = "not told how much, or from where"
    MACHINES = "parts from two machines"
    OTHER_MACHINE = "not the planned machine"
    OUT_OF_ORDER = "fractions out of order"
    PASSED_OVER = "passed over"
    UNCLEAR = "unclear record"
    SPECIFIED = "the machine was told another meterset"
    STRANGER = "a record of another patient, not counted"


@dataclass(frozen=True, slots=True)
class Finding:
    """`amount` is a meterset in MU (LOW, HIGH, SLIGHT: a part of one), `record` a UID.

    `day` is YYYYMMDD, `detail` are words of the record.
    """

    kind: FindingKind
    fraction: int | None = None
    beam: int | None = None
    amount: float | None = None
    record: str = ""
    detail: str = ""
    day: str = ""


UNCOUNTED = frozenset(
    {
        FindingKind.UNNUMBERED,
        FindingKind.UNTYPED,
        FindingKind.CONTRARY,
        FindingKind.UNKNOWN_BEAM,
        FindingKind.UNGROUPED,
        FindingKind.UNPLACED,
        FindingKind.UNCLEAR,
        FindingKind.PLANLESS,
        FindingKind.UNREAD,
        FindingKind.WAITING,
        FindingKind.BEYOND,
    }
)
"""What the ledger can't count, or not for certain: nobody knows how far the plan is."""
