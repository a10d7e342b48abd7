"""What people note about a plan; each is an event with who did it and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Act(StrEnum):
    """The codes of these events.

    MISS: a fraction was due on a day and not given. MAKE_UP: a fraction made up for one. END: the
    course ends before its last fraction. RETIRE: the plan is not treated any more. APPROVE: what
    it delivers, by its digest, may be treated. OVERRIDE: a block is set aside for one fraction;
    CONFIRM: the second person agrees. RELATE: what it is to a plan that it
    names. EMERGENCY: it is treated with fewer checks. SETTLE: what a record leaves open was looked
    at. GIVE: what a machine that sends no records gave, as a person
    read it there; WITNESS: a second one read the same.
    TAKE_BACK: that record is wrong; CONCUR: a second one agrees. ATTRIBUTE: a record that names
    another patient than its plan is (`own`) or is not of that plan's patient. CORRECT: what a
    record gave that doesn't tell it itself.
    """

    MISS = "tps.miss"
    MAKE_UP = "tps.make-up"
    END = "tps.end"
    RETIRE = "tps.retire"
    APPROVE = "tps.approve"
    OVERRIDE = "tps.override"
    CONFIRM = "tps.confirm"
    RELATE = "tps.relate"
    EMERGENCY = "tps.emergency"
    SETTLE = "tps.settle"
    GIVE = "tps.give"
    WITNESS = "tps.witness"
    TAKE_BACK = "tps.take-back"
    CONCUR = "tps.concur"
    ATTRIBUTE = "tps.attribute"
    CORRECT = "tps.correct"


@dataclass(frozen=True, slots=True)
class Note:
    """`facts` are `day`, `fraction`, `digest`, `block`, `override`, `object`, `own` as needed."""

    seq: int
    act: Act
    plan: str
    who: str
    at: int
    why: str
    facts: Mapping[str, Any]

    def text(self, name: str) -> str:
        return str(self.facts.get(name, ""))

    def number(self, name: str) -> int | None:
        value = self.facts.get(name)
        return value if isinstance(value, int) else None


def second_of(note: Note, notes: Iterable[Note]) -> str:
    """Who confirmed it first, of those who noted things of its plan; '' where nobody did.

    Nobody confirms their own.
    """
    confirmed = (
        each.who
        for each in notes
        if each.act is Act.CONFIRM and each.number("override") == note.seq and each.who != note.who
    )
    return next(confirmed, "")
