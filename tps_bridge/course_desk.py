"""What people say of a plan in its course: what it is to another one, and that it is urgent."""

from __future__ import annotations

from gateway.room import Principal
from gateway.web import Refusal
from tps_bridge.book import Act, Book, PlanRow
from tps_bridge.book.family import Kinship
from tps_bridge.book.standing import is_active
from tps_bridge.desk import PlanDesk
from tps_bridge.in_person import in_person
from tps_bridge.options import TpsOptions


class CourseDesk:
    """As `PlanDesk`: when a call returns, the book shows it. Refusal; StoreError."""

    def __init__(self, book: Book, options: TpsOptions, plans: PlanDesk) -> None:
        self._book, self._options, self._plans = book, options, plans

    async def relate(
        self, who: Principal, uid: str, other: str, kinship: str, why: str, *, counts: bool
    ) -> None:
        """Say what a plan is to another one of its patient; what is said last stands.

        `counts` is whether its prescription holds for what the other one gave as well. One that is
        replaced is retired first, so that a stop in between leaves neither to be treated.
        """
        if kinship not in set(Kinship):
            raise Refusal(422, "No relation", "Nothing was chosen.", "Choose one of the list.")
        row, said = await self._plans.known(who, uid), Kinship(kinship)
        own = row.card.identity
        there = await self._book.plan(other)
        mine = there is not None and own.patient and _number(there) == (own.patient, own.issuer)
        if uid == other or not (mine or (there is None and said is Kinship.ALONE)):
            raise Refusal(
                409,
                "Not of one course",
                "The other plan is not here, or not a plan of this patient.",
                "Choose another plan of the patient, or say that it stands alone.",
            )
        if there is not None and said is Kinship.REPLACES:
            await self._replace(who, there, row, why)
        counts = counts and said is not Kinship.ALONE
        await self._plans.act(
            who, Act.RELATE, row, why, other=other, kinship=said.value, counts=counts
        )

    async def _replace(self, who: Principal, old: PlanRow, new: PlanRow, why: str) -> None:
        if is_active(old.card, await self._book.notes(old.card.uid)):
            because = f"replaced by {new.card.label or new.card.uid}: {why}"
            await self._plans.act(who, Act.RETIRE, old, because)

    async def declare(self, who: Principal, uid: str, digest: str, role: str, why: str) -> None:
        """Say in what role one decides that a plan is an emergency's; it shows for ever.

        Refusal 409 where the site has no rule for that, or the plan is not what was looked at.
        """
        in_person(who)
        row = await self._plans.known(who, uid)
        if self._options.emergency is None:
            raise Refusal(
                409,
                "No rule for emergencies",
                "The site has not said which checks an emergency leaves out.",
                "Set blocks aside one by one, or let it be configured.",
            )
        self._plans.same(row, digest)
        if not role:
            raise Refusal(
                422, "A role is needed", "Nothing was done.", "Say in what role you decide."
            )
        await self._plans.act(who, Act.EMERGENCY, row, why, digest=digest, role=role)


def _number(row: PlanRow) -> tuple[str, str]:
    return row.card.identity.patient, row.card.identity.issuer
