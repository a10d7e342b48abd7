"""What people do with records that leave something open: whose it is, what it gave, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.room import Principal, texts
from gateway.web import Refusal
from tps_bridge.book import Act, Book, PlanRow, Reading, Unsure, unsure
from tps_bridge.desk import PlanDesk
from tps_bridge.in_person import in_person
from tps_bridge.ledger import PlannedBeam

_NO_PLAN, _NO_GROUP, _NO_FRACTION, _NO_BEAM, _NO_STRETCH, _NO_DURATION = texts(
    "It is of no plan that is known: record by hand what its session gave.",
    "The plan has no such fraction group.",
    "A fraction has a number from 1 on.",
    "The fraction group has no such beam.",
    "A beam goes from one meterset to a greater one.",
    "An application needs the time that was specified for it that day, in seconds.",
)


@dataclass(frozen=True, slots=True)
class Established:
    """What a record gave: these stretches of a fraction, or nothing where there are none.

    `normal` is that nothing stopped them.
    """

    group: int
    fraction: int
    beams: tuple[Reading, ...]
    normal: bool


class RecordDesk:
    """As `PlanDesk`: when a call returns, the book shows it. Refusal; StoreError.

    What is said of a record counts when a second person confirms it (`PlanDesk.confirm`).
    """

    def __init__(self, book: Book, plans: PlanDesk) -> None:
        self._book, self._plans = book, plans

    async def attribute(
        self, who: Principal, uid: str, record: str, *, own: bool, why: str
    ) -> None:
        """Say whether a record that names another patient is of the plan's (`own`).

        Refusal 409 where the record names nobody else.
        """
        in_person(who)
        row = await self._plans.known(who, uid)
        if record not in {each.card.uid for each in await self._book.strangers(uid)}:
            raise Refusal(
                409,
                "No other patient",
                "No record of this plan with this UID names another patient.",
                "Open the plan again: it may have changed.",
            )
        await self._plans.act(who, Act.ATTRIBUTE, row, why, object=record, own=own)

    async def unsure(self, row: PlanRow) -> list[Unsure]:
        """The records that don't tell all that they gave: a plan's, and those that may be its."""
        uid = row.card.uid
        records = [each.card for each in await self._book.records(uid)]
        notes = await self._book.notes(uid)
        own = unsure(records, await self._book.ledgers(uid), notes)
        return [*own, *await self._plans.adrift(row, notes)]

    async def correct(
        self, who: Principal, uid: str, record: str, said: Established, why: str
    ) -> None:
        """Say what a record gave that doesn't tell it.

        Refusal 409 where the record tells it, 422 for what can't be.
        """
        in_person(who)
        row = await self._plans.known(who, uid)
        found = next((each for each in await self.unsure(row) if each.uid == record), None)
        if found is None:
            raise Refusal(
                409,
                "Nothing to establish",
                "The record tells what it gave.",
                "Open the plan again: it may have changed.",
            )
        if found.adrift and said.beams:
            raise _refused(_NO_PLAN)
        planned = _possible(row, said)
        await self._plans.act(
            who,
            Act.CORRECT,
            row,
            why,
            object=record,
            group=said.group,
            fraction=said.fraction,
            normal=said.normal,
            beams=[replace(each, unit=planned[each.beam].unit).told() for each in said.beams],
        )

    async def settle(self, who: Principal, uid: str, object_: str, why: str) -> None:
        """Somebody looked at what a record or summary leaves open. Refusal 409 if nothing is."""
        row = await self._plans.known(who, uid)
        open_ = {
            each.card.uid: each.card.verification.value
            for each in await self._book.doubted()
            if each.card.plan == uid
        }
        open_ |= {
            each.card.uid: each.found for each in await self._book.summaries(uid) if each.is_open
        }
        if object_ not in open_:
            raise Refusal(
                409,
                "Nothing to settle",
                "This record leaves nothing open.",
                "Open the list again: somebody may have looked at it.",
            )
        await self._plans.act(who, Act.SETTLE, row, why, object=object_, found=open_[object_])


def _possible(row: PlanRow, said: Established) -> Mapping[int, PlannedBeam]:
    """The beams of the group by their numbers. Refusal where it can't be so."""
    own = next((each for each in row.card.facts.groups if each.number == said.group), None)
    if own is None:
        raise _refused(_NO_GROUP)
    if said.beams and said.fraction < 1:
        raise _refused(_NO_FRACTION)
    beams = {each.number: each for each in own.beams}
    if not {each.beam for each in said.beams} <= beams.keys():
        raise _refused(_NO_BEAM)
    for each in said.beams:
        if beams[each.beam].timed and not each.has_duration:
            raise _refused(_NO_DURATION)
        if not each.is_possible(beams[each.beam].meterset):
            raise _refused(_NO_STRETCH)
    return beams


def _refused(why: str) -> Refusal:
    return Refusal(422, "Can't be so", why, "Look at the machine's own record, and correct it.")
