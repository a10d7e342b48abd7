"""What people do to the schedule: each is an event with who did it and why."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace

from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    Clock,
    Identifier,
    Instant,
    PatientStatement,
    Subject,
)
from gateway.room import OWNER, Appointment, Auditor, Principal, RoomPorts
from gateway.schedule.book import ScheduleBook
from gateway.schedule.gate import LANGUAGES, gate_event
from gateway.schedule.identity import named_appointment
from gateway.schedule.noted import ASSIGN, BOOK, CHANGE, HERE, MOVE
from gateway.web import Refusal

ROOM, HELD = "schedule", "held"
"""The gate that a person sets by hand."""

_OPEN = (AppointmentStatus.PENDING, AppointmentStatus.WAITLIST, AppointmentStatus.BOOKED)
ENDS = (AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW)
NEXT: Mapping[AppointmentStatus, tuple[AppointmentStatus, ...]] = {
    **dict.fromkeys(_OPEN, (AppointmentStatus.ARRIVED, *ENDS)),
    AppointmentStatus.ARRIVED: (
        AppointmentStatus.STARTED,
        AppointmentStatus.BOOKED,
        AppointmentStatus.CANCELLED,
    ),
    AppointmentStatus.STARTED: (AppointmentStatus.COMPLETED, AppointmentStatus.ARRIVED),
    AppointmentStatus.COMPLETED: (AppointmentStatus.STARTED,),
    **dict.fromkeys(ENDS, (AppointmentStatus.BOOKED,)),
    AppointmentStatus.BLOCKED: (AppointmentStatus.CANCELLED,),
}
"""Where an appointment may be moved by hand; the way back undoes a slip."""


_SEEN = (
    frozenset(_OPEN),
    frozenset({AppointmentStatus.ARRIVED}),
    frozenset({AppointmentStatus.STARTED}),
    frozenset({AppointmentStatus.COMPLETED}),
)
"""What is seen of an appointment, one after the other."""


class ScheduleDesk:
    """Carries out what a person decides. When a call returns, the book shows it.

    Refusal (gateway.web) where it is not possible; StoreError where it can't be kept.
    """

    def __init__(
        self, site: str, clock: Clock, ports: RoomPorts, audit: Auditor, book: ScheduleBook
    ) -> None:
        self._site, self._clock = site, clock
        self._ports, self._audit, self._book = ports, audit, book
        self._making = asyncio.Lock()

    async def book(
        self, who: Principal, said: AppointmentStatement, key: str, reason: str = ""
    ) -> str:
        """Make an appointment; the id. The same `key` with the same content makes one.

        Refusal 409 if the key stood for another appointment.
        """
        whole = replace(said, book=HERE, filler=key, status=said.status or AppointmentStatus.BOOKED)
        id_ = named_appointment(whole).main.hex()
        async with self._making:
            history = await self._book.history(id_)
            if not history:
                await self._act(who, BOOK, whole, reason)
            elif history[-1].said != whole:
                raise Refusal(
                    409,
                    "This key was used",
                    "Another appointment was made under the same idempotency key.",
                    "Use a new key for a new appointment.",
                )
        return id_

    async def change(
        self, who: Principal, id_: str, said: AppointmentStatement, reason: str
    ) -> None:
        """Give an appointment another time, place or purpose; what `said` leaves out stays."""
        known = await self.known(id_)
        await self._act(who, CHANGE, _named(known, said), reason, id_)

    async def move(
        self, who: Principal, id_: str, status: AppointmentStatus, reason: str
    ) -> Appointment:
        """Give an appointment another status; nothing happens where it has it already.

        Refusal 409 for a step that is none.
        """
        known = await self.known(id_)
        if known.status is status:
            return known
        if status not in NEXT.get(known.status, ()):
            raise Refusal(
                409,
                "Not a step",
                "An appointment that is {now} can't become {then}.",
                "Open the appointment again: somebody may have moved it already.",
                now=known.status.value,
                then=status.value,
            )
        moved = AppointmentStatement(book="", status=status)
        await self._act(who, MOVE, _named(known, moved), reason, id_)
        return await self.known(id_)

    async def heed(
        self,
        who: Principal,
        id_: str,
        status: AppointmentStatus,
        *,
        since: Instant,
        cause: str,
    ) -> None:
        """As `gateway.room.Diary` says."""
        known = await self._book.appointment(id_)
        if known is None or known.status is status:
            return
        history = await self._book.history(id_)
        newest = next(each for each in history if each.event == known.event)
        theirs = newest.actor == who.id and newest.said.status is known.status
        if not theirs and (newest.at >= since or not _leads(known.status, status)):
            return
        said = _named(known, AppointmentStatement(book="", status=status))
        await self._act(who, MOVE, said, "", id_, cause=cause)

    async def assign(self, who: Principal, id_: str, patient: Identifier, reason: str) -> None:
        """Say whose appointment it is. Refusal 404 if nobody is known by that number."""
        known = await self.known(id_)
        if (patient.value, patient.issuer) not in await self._book.known_people(patient):
            raise Refusal(
                404,
                "Unknown patient",
                "Nobody, or more than one patient, is known by this number.",
                "Register the patient first, or settle the discrepancy.",
            )
        said = AppointmentStatement(book="", patient=PatientStatement(identifiers=(patient,)))
        await self._act(who, ASSIGN, _named(known, said), reason, id_)

    async def hold(self, who: Principal, id_: str, reason: str) -> None:
        """Keep the patient from being called until it is released."""
        await self._gate(who, id_, dict.fromkeys(LANGUAGES, reason), reason)

    async def release(self, who: Principal, id_: str, reason: str) -> None:
        """Take away what `hold` set."""
        await self._gate(who, id_, None, reason)

    async def known(self, id_: str, seen_by: Principal = OWNER) -> Appointment:
        """An appointment that somebody sees; Refusal 404 if there is no such."""
        found = await self._book.appointment(id_)
        if found is None or not self._book.sees(seen_by, found):
            raise unknown_appointment()
        return found

    async def _gate(
        self, who: Principal, id_: str, reason: Mapping[str, str] | None, why: str
    ) -> None:
        known = await self.known(id_)
        event = gate_event(
            self._site,
            ROOM,
            HELD,
            known.id,
            reason,
            at=self._clock.now(),
            cause=os.urandom(16),
            actor=who.id,
        )
        receipt = await self._ports.publish((event,))
        action = "schedule.release" if reason is None else "schedule.hold"
        await self._audit.record(action, who, objects={"appointment": known.id}, detail=why)
        await self._book.reached(max(receipt.seqs, default=0))

    async def _act(
        self,
        who: Principal,
        code: str,
        said: AppointmentStatement,
        reason: str,
        id_: str = "",
        *,
        cause: str = "",
    ) -> None:
        own = said.patient.own if said.patient else None
        subject = Subject(own.value, own.issuer) if own else None
        payload: dict[str, object] = {"said": said.payload()}
        if id_:
            payload["after"] = await self._last(id_)
        seq = await self._ports.act(
            who,
            code,
            text=reason,
            subject=subject,
            payload=payload,
            caused_by=bytes.fromhex(cause),
        )
        objects = {"appointment": named_appointment(said).main.hex()}
        await self._audit.record(code, who, subject=subject, objects=objects, detail=reason)
        await self._book.reached(seq)

    async def _last(self, id_: str) -> Instant:
        """The time of the newest entry: a person's act comes after it."""
        return max((each.at for each in await self._book.history(id_)), default=Instant(0))


def _leads(now: AppointmentStatus, then: AppointmentStatus) -> bool:
    """Whether what is seen later may follow from a status that others said."""
    place = next((place for place, each in enumerate(_SEEN) if now in each), None)
    if place is None:
        return False
    later = frozenset[AppointmentStatus]().union(*_SEEN[place + 1 :])
    return then in later or (place == 0 and then is AppointmentStatus.NO_SHOW)


def _named(known: Appointment, said: AppointmentStatement) -> AppointmentStatement:
    return replace(said, book=known.book, placer=known.placer, filler=known.filler)


def unknown_appointment() -> Refusal:
    return Refusal(
        404,
        "Unknown appointment",
        "No appointment is known by this id.",
        "Look it up on its day, or on the patient's page.",
    )
