"""Records of which nobody knows whose they are, as far as they stand against a plan."""

from __future__ import annotations

from collections.abc import Mapping

from tps_bridge.block import Doubt
from tps_bridge.book import Book, PlanCard


async def doubts_of(book: Book, card: PlanCard, kin: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Of the plan itself, of its `kin` (labels by UID), and of others that name its patient.

    What any of them gave may count towards this plan, or not: how far it is, nobody knows.
    StoreError.
    """
    own = card.identity
    found: list[Doubt] = []
    for uid, label in {card.uid: "", **kin}.items():
        strangers = await book.strangers(uid)
        found += [
            Doubt(each.card.day, each.unlike, label, each.card.uid)
            for each in strangers
            if each.is_open
        ]
    if own.patient:
        named = await book.named_elsewhere(own.patient, own.issuer)
        found += [Doubt(each.card.day, record=each.card.uid) for each in named]
    return tuple(found)
