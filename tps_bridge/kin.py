"""What the other plans of a course mean for a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tps_bridge.block import ByHand, Other, Uncounted, Untold
from tps_bridge.book import Book, PlanCard, PlanRow
from tps_bridge.book.byhand import unconfirmed as unread_of
from tps_bridge.book.family import VERIFIES, counted, kin, relations, unsaid
from tps_bridge.book.standing import is_active, is_approved
from tps_bridge.ledger import Carried, carried, times_of


@dataclass(frozen=True, slots=True)
class Kin:
    """As `tps_bridge.block.Case` has them; `plans` are labels, by UID, of those that may count."""

    plans: Mapping[str, str]
    carried: tuple[Carried, ...]
    elsewhere: tuple[str, ...]
    unsaid: tuple[Other, ...]
    heirs: tuple[Other, ...]
    verifies: Other | None
    uncounted: tuple[Uncounted, ...] = ()
    untold: tuple[Untold, ...] = ()
    unconfirmed: tuple[ByHand, ...] = ()


async def kin_of(book: Book, card: PlanCard) -> Kin:
    """What people said of a plan and its kin, and what these gave. StoreError."""
    own = card.identity
    rows = await book.of_patient(own.patient, own.issuer) if own.patient else ()
    others = {each.card.uid: each for each in rows if each.card.uid != card.uid}
    notes_of = {uid: await book.notes(uid) for uid in (card.uid, *others)}
    said = relations([note for notes in notes_of.values() for note in notes])
    near = kin(card.uid, said)
    giving = [uid for uid in counted(card.uid, said) if uid in others]
    ledgers_of = {uid: await book.ledgers(uid) for uid in {*near, *giving}}
    doses = [
        each
        for uid in giving
        for each in carried(card.facts.references, _label(uid, others), ledgers_of[uid])
    ]
    times = [time for uid in near for time in times_of(ledgers_of[uid])]
    uncounted = [
        Uncounted(found, _label(uid, others))
        for uid in near
        for each in ledgers_of[uid]
        for found in each.uncounted
    ]
    untold = [one for uid in near for one in await untold_of(book, uid, _label(uid, others))]
    unconfirmed = [
        ByHand(one, _label(uid, others)) for uid in near for one in unread_of(notes_of.get(uid, ()))
    ]
    heirs = [
        Other(uid, each.card.label or uid)
        for uid, each in others.items()
        if card.uid in unsaid(each.card, said) and await _treatable(book, each.card)
    ]
    verified = next((each.uid for each in card.related if each.relation == VERIFIES), "")
    return Kin(
        {uid: _label(uid, others) for uid in near},
        tuple(doses),
        tuple(times),
        tuple(Other(each, _label(each, others)) for each in unsaid(card, said)),
        tuple(sorted(heirs, key=lambda each: (each.label, each.uid))),
        Other(verified, _label(verified, others)) if verified else None,
        tuple(uncounted),
        tuple(untold),
        tuple(unconfirmed),
    )


async def untold_of(book: Book, uid: str, label: str = "") -> list[Untold]:
    """Sessions of a plan of which nothing tells all that they gave, each with what tells a part."""
    return [
        Untold(each, label, tuple(await book.session_records(each.id)))
        for each in await book.untold(uid)
    ]


async def _treatable(book: Book, card: PlanCard) -> bool:
    notes = await book.notes(card.uid)
    return is_active(card, notes) and is_approved(card, notes)


def _label(uid: str, others: Mapping[str, PlanRow]) -> str:
    return (others[uid].card.label if uid in others else "") or uid
