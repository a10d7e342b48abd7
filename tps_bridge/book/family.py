"""How the plans of a patient belong together, as people said it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tps_bridge.book.card import PlanCard
from tps_bridge.book.noted import Act, Note

DERIVED = frozenset({"PREDECESSOR", "ALTERNATIVE"})
"""RT Plan Relationship (PS3.3 C.8.8.9): both plans might be treated, and only one is meant."""
VERIFIES = "VERIFIED_PLAN"


class Kinship(StrEnum):
    """What a plan is to another one that it names.

    REPLACES: the other one is not treated any more. ADAPTS: it takes its place for a fraction.
    ALONE: neither; nothing that the other one gave counts here.
    """

    REPLACES = "replaces"
    ADAPTS = "adapts"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Related:
    """`counts` is whether the prescription of `plan` holds for what `other` gave as well."""

    plan: str
    other: str
    kinship: Kinship
    counts: bool


def relations(notes: Iterable[Note]) -> tuple[Related, ...]:
    """What was said last of each two plans."""
    found = {
        (each.plan, each.text("other")): Related(
            each.plan,
            each.text("other"),
            Kinship(each.text("kinship")),
            each.facts.get("counts") is True,
        )
        for each in notes
        if each.act is Act.RELATE
    }
    return tuple(found.values())


def unsaid(card: PlanCard, said: Sequence[Related]) -> tuple[str, ...]:
    """The plans from which it is derived, of which nobody has said what it is to them."""
    known = {each.other for each in said if each.plan == card.uid}
    return tuple(
        each.uid for each in card.related if each.relation in DERIVED and each.uid not in known
    )


def kin(uid: str, said: Sequence[Related]) -> tuple[str, ...]:
    """Every plan that is treated instead of it, or was."""
    return _reached(uid, [each for each in said if each.kinship is not Kinship.ALONE], dose=False)


def counted(uid: str, said: Sequence[Related]) -> tuple[str, ...]:
    """The plans whose dose counts towards the prescription of a plan."""
    return _reached(uid, [each for each in said if each.kinship is not Kinship.ALONE], dose=True)


def _reached(uid: str, said: Sequence[Related], *, dose: bool) -> tuple[str, ...]:
    seen, left = {uid}, [uid]
    while left:
        one = left.pop()
        for other in _next(one, said, dose=dose):
            if other not in seen:
                seen.add(other)
                left.append(other)
    return tuple(sorted(seen - {uid}))


def _next(uid: str, said: Sequence[Related], *, dose: bool) -> Iterator[str]:
    """One step: to those before it, and to those that take its place for a fraction."""
    for each in said:
        if each.plan == uid and (each.counts or not dose):
            yield each.other
        if each.other == uid and (each.kinship is Kinship.ADAPTS or not dose):
            yield each.plan
