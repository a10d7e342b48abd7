"""Writes into the schedule what became of those who came: arrived, being treated, done."""

from __future__ import annotations

import asyncio
import logging

from gateway.model import AppointmentStatus, Clock
from gateway.room import Agenda, Diary, Neighbours, Permission, Principal, steadily
from queue_display.book import QueueBook
from queue_display.signals import ROOM
from queue_display.terms import State
from queue_display.ticket import Ticket

log = logging.getLogger(__name__)

QUEUE = Principal(ROOM, ROOM, frozenset({Permission.WRITE_SCHEDULE}))
_TURN = 2.0

_STATUS = {
    State.BOOKED: AppointmentStatus.BOOKED,
    State.IN_TREATMENT: AppointmentStatus.STARTED,
    State.DONE: AppointmentStatus.COMPLETED,
    State.NO_SHOW: AppointmentStatus.NO_SHOW,
}
"""Whoever stands elsewhere has arrived."""


class Registrar:
    """Looks at the tickets of the day every few seconds.

    What another system says later stands in the schedule; the queue goes on as it sees things.
    """

    def __init__(self, book: QueueBook, neighbours: Neighbours, clock: Clock) -> None:
        self._book, self._neighbours, self._clock = book, neighbours, clock
        self._told: dict[str, str] = {}

    async def run(self) -> None:
        """Until cancelled; a store that refuses is tried again."""
        await steadily(
            self.turn,
            lambda: asyncio.sleep(_TURN),
            lambda error: log.warning("The schedule can't be told of the queue: %s", error),
        )

    async def turn(self) -> None:
        """Tell of every ticket that took a step since."""
        try:
            diary = self._neighbours(Diary)
        except LookupError:
            return
        told: dict[str, str] = {}
        for ticket in await self._book.today(self._clock.now()):
            new = ticket.appointment and self._told.get(ticket.id) != ticket.event
            if new and await self._is_of(ticket):
                await diary.heed(
                    QUEUE,
                    ticket.appointment,
                    _STATUS.get(ticket.state, AppointmentStatus.ARRIVED),
                    since=ticket.since,
                    cause=ticket.event,
                )
            told[ticket.id] = ticket.event
        self._told = told

    async def _is_of(self, ticket: Ticket) -> bool:
        """Whether a ticket still speaks for its appointment: of the same day and patient."""
        try:
            one = await self._neighbours(Agenda).appointment(ticket.appointment)
        except LookupError:
            return True
        if one is None:
            return True
        day = one.day if one.start is None else self._book.local(one.start).date().isoformat()
        return day in ("", ticket.day) and one.key in (None, ticket.patient)
