"""The appointment that a session is of, and whether it is of the same patient."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import Instant
from gateway.room import Agenda, Appointment, People, RoomContext
from tps_bridge.plan import Identity


@dataclass(frozen=True, slots=True)
class Visits:
    """StoreError where the schedule or the register can't be read."""

    context: RoomContext

    async def known(self, id_: str) -> Appointment | None:
        """None as well where there is no schedule."""
        try:
            return await self.context.neighbours(Agenda).appointment(id_)
        except LookupError:
            return None

    async def since(self, appointment: Appointment) -> Instant | None:
        """Since when it stands as it does."""
        return await self.context.neighbours(Agenda).since(appointment.id)

    async def of_patient(self, id_: str, own: Identity) -> Appointment | None:
        """An appointment that is known and surely of this patient."""
        found = await self.known(id_)
        return found if found is not None and await self.are_same(found, own) else None

    async def is_of_another(self, appointment: Appointment, own: Identity) -> bool:
        """Whether it names another patient."""
        return await self._same(appointment, own) is False

    async def are_same(self, appointment: Appointment, own: Identity) -> bool:
        """Whether it names this patient."""
        return await self._same(appointment, own) is True

    async def _same(self, appointment: Appointment, own: Identity) -> bool | None:
        """By the register, which has both numbers for one person or for two; else by the numbers.

        An issuer that one of them leaves out is none (PS3.3 C.7.1.1). None where one of them names
        nobody.
        """
        mine, theirs = (own.patient, own.issuer), appointment.key
        if not own.patient or theirs is None:
            return None
        if mine == theirs:
            return True
        try:
            found = await self.context.neighbours(People).resolve_all([mine, theirs])
        except LookupError:
            found = {}
        if {*found} == {mine, theirs}:
            return found[mine].id == found[theirs].id
        return mine[0] == theirs[0] and "" in {mine[1], theirs[1]}
