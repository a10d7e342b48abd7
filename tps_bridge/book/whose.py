"""Whether a record is of its plan's patient, as it says itself or as two people said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tps_bridge.book.card import PlanCard, RecordCard
from tps_bridge.book.noted import Act, Note, second_of
from tps_bridge.plan import Unlike


@dataclass(frozen=True, slots=True)
class Attribution:
    """Somebody said whether a record is of its plan's patient (`own`).

    `second` is who agreed, or nothing: until there is somebody it counts for nothing.
    """

    seq: int
    record: str
    own: bool
    who: str
    at: int
    why: str
    second: str = ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A record that names another patient than its plan, in what, and what was said of it last."""

    card: RecordCard
    unlike: tuple[Unlike, ...]
    said: Attribution | None

    @property
    def is_open(self) -> bool:
        """Nobody knows whose it is until two people said so."""
        return self.said is None or not self.said.second

    @property
    def counts(self) -> bool:
        """Whether what it tells was given to the plan's patient."""
        return self.said is not None and bool(self.said.second) and self.said.own


def attributions(notes: Sequence[Note]) -> Mapping[str, Attribution]:
    """The last word on each record, by its UID."""
    last = {each.text("object"): each for each in notes if each.act is Act.ATTRIBUTE}
    return {
        record: Attribution(
            each.seq,
            record,
            each.facts.get("own") is True,
            each.who,
            each.at,
            each.why,
            second_of(each, notes),
        )
        for record, each in last.items()
    }


def strangers(
    plan: PlanCard, records: Sequence[RecordCard], notes: Sequence[Note]
) -> Mapping[str, Stranger]:
    """Those of a plan's records that name another patient than the plan, by their UIDs."""
    said = attributions(notes)
    unlike = {each.uid: tuple(plan.identity.unlike(each.identity)) for each in records}
    return {
        each.uid: Stranger(each, unlike[each.uid], said.get(each.uid))
        for each in records
        if unlike[each.uid]
    }
