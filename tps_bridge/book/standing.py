"""The ledgers of a plan from what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tps_bridge.book.byhand import by_hand
from tps_bridge.book.card import PlanCard, RecordCard
from tps_bridge.book.corrected import established, given_of
from tps_bridge.book.noted import Act, Note
from tps_bridge.book.whose import strangers
from tps_bridge.ledger import FractionState, Given, Ledger, Made, Missed, Noted, ledger_of

INACTIVE = frozenset({"REJECTED"})


def standing(
    card: PlanCard, records: Sequence[RecordCard], notes: Sequence[Note], until: str = ""
) -> list[Ledger]:
    """The ledger of each fraction group, of what was given until a day (YYYYMMDD) if one is named.

    A record of another patient counts when two people said that it is of the plan's.

    A part of a record that names no group is of the only one; of several it belongs to that which
    has its beam, if that is one. What it doesn't tell is as two people established it. Records by
    hand count from when a second person confirmed them until two took them back.
    """
    groups = card.facts.groups
    strange = strangers(card, records, notes)
    left_out = {uid for uid, each in strange.items() if not each.counts}
    days = {uid: each.card.day for uid, each in strange.items() if each.is_open}
    open_ = {uid: day for uid, day in days.items() if not until or day <= until}
    known = established(notes)
    given = [part for each in records if each.uid not in left_out for part in given_of(each, known)]
    hand = [part for each in by_hand(notes) if each.counts for part in each.given()]
    parts = [each for each in (*given, *hand) if not until or each.day <= until]
    numbers = {each.number for each in groups}
    adrift = [each for each in parts if _group_of(card, each) not in numbers]
    ended = next((_noted(each) for each in notes if each.act is Act.END), None)
    return [
        ledger_of(
            card.facts,
            group,
            [each for each in parts if _group_of(card, each) == group.number],
            missed=[
                Missed(each.text("day"), _noted(each)) for each in notes if each.act is Act.MISS
            ],
            made=[
                Made(each.text("day"), each.number("fraction") or 0, _noted(each))
                for each in notes
                if each.act is Act.MAKE_UP
            ],
            ended=ended,
            active=is_active(card, notes),
            doubtful=open_,
            adrift=adrift,
        )
        for group in groups
    ]


def state_of(ledgers: Sequence[Ledger]) -> str:
    """That of the first group with something left, else of the first one."""
    left = [
        each
        for each in ledgers
        if any(one.state is not FractionState.DELIVERED for one in each.fractions)
    ]
    return (left or ledgers)[0].state


def is_active(card: PlanCard, notes: Sequence[Note]) -> bool:
    """Whether the plan may be treated at all: not rejected, not retired."""
    return card.approval not in INACTIVE and not any(each.act is Act.RETIRE for each in notes)


def is_approved(card: PlanCard, notes: Sequence[Note]) -> bool:
    """Whether what it delivers was approved: in the object, or here under the same digest."""
    return card.approval == "APPROVED" or any(
        each.act is Act.APPROVE and each.text("digest") == card.digest for each in notes
    )


def _noted(note: Note) -> Noted:
    return Noted(note.who, note.at, note.why)


def _group_of(card: PlanCard, given: Given) -> int | None:
    groups = card.facts.groups
    if given.group is not None:
        return given.group
    having = [
        group.number
        for group in groups
        if any(beam.number == given.beam for beam in group.beams) or len(groups) == 1
    ]
    return having[0] if len(having) == 1 else None
