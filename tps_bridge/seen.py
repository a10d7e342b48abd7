"""Which plans and records somebody sees who is limited to departments.

A plan is of the departments of the machines that it names, as the schedule declares them by id or
`known_as`; one of none is everybody's. A record is of its plan's, one without a plan of its
machine's; what can't be read names no machine. A session is of its
machine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.room import Agenda, Neighbours, Principal, shared_with
from tps_bridge.book import Book, PlanRow, RecordRow, SummaryRow


@dataclass(frozen=True, slots=True)
class SeenPlans:
    """The book as principals see it. Every method that is awaited may raise StoreError."""

    book: Book
    neighbours: Neighbours

    async def plans(self, who: Principal) -> Sequence[PlanRow]:
        """As `Book.plans`, of those that are seen."""
        return [each for each in await self.book.plans() if self.plan(who, each)]

    async def one(self, who: Principal, uid: str) -> PlanRow | None:
        """As `Book.plan`; None as well for one that is not seen."""
        found = await self.book.plan(uid)
        return found if found is not None and self.plan(who, found) else None

    async def of_patient(self, who: Principal, patient: str, issuer: str) -> Sequence[PlanRow]:
        """As `Book.of_patient`, of those that are seen."""
        found = await self.book.of_patient(patient, issuer)
        return [each for each in found if self.plan(who, each)]

    async def strays(self, who: Principal) -> Sequence[RecordRow]:
        """As `Book.strays`, by the machine that wrote them."""
        found = await self.book.strays()
        return [each for each in found if self.machine(who, each.card.machine)]

    async def problems(self, who: Principal) -> int:
        """How many objects need a person."""
        several = (
            await self.book.troubles(),
            await self.strays(who),
            await self.doubted(who),
            await self.strange(who),
            await self.uncounted(who),
            await self.summaries(who),
        )
        return sum(map(len, several))

    async def records_alone(self, who: Principal) -> Sequence[RecordRow]:
        """As `Book.records_alone`, by the machine that wrote them."""
        found = await self.book.records_alone()
        return [each for each in found if self.machine(who, each.card.machine)]

    async def summaries(self, who: Principal) -> list[SummaryRow]:
        """Summaries that need a person, as their plans are seen."""
        shown = {each.card.uid for each in await self.plans(who)}
        return [
            each
            for each in await self.book.open_summaries()
            if not each.known or each.card.plan in shown
        ]

    async def doubted(self, who: Principal) -> Sequence[RecordRow]:
        """As `Book.doubted`, by the machine that wrote them."""
        found = await self.book.doubted()
        return [each for each in found if self.machine(who, each.card.machine)]

    async def strange(self, who: Principal) -> Sequence[RecordRow]:
        """As `Book.strange`, by the machine that wrote them."""
        found = await self.book.strange()
        return [each for each in found if self.machine(who, each.card.machine)]

    async def uncounted(self, who: Principal) -> Sequence[RecordRow]:
        """As `Book.uncounted`, by the machine that wrote them."""
        found = await self.book.uncounted()
        return [each for each in found if self.machine(who, each.card.machine)]

    def plan(self, who: Principal, row: PlanRow) -> bool:
        """Whether a plan, its course and its records are seen."""
        return self._shown(who, row.card.machines)

    def machine(self, who: Principal, name: str) -> bool:
        """Whether what a machine does and is to do is seen."""
        return self._shown(who, (name,))

    def _shown(self, who: Principal, machines: Iterable[str]) -> bool:
        try:
            agenda = self.neighbours(Agenda)
        except LookupError:
            return True
        return shared_with(who, [agenda.department(each) for each in machines])
