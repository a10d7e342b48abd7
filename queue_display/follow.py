"""What the queue does because the schedule says so: check-ins, and stops that come off."""

from __future__ import annotations

import asyncio
import logging

from gateway.model import AppointmentStatus, Clock
from gateway.room import Permission, Principal, steadily
from queue_display.desk import QueueDesk
from queue_display.machine import Illegal
from queue_display.scene import Stage

log = logging.getLogger(__name__)

SCHEDULE = Principal("schedule", "schedule", frozenset({Permission.CHECK_IN}))
"""Who checks in a patient that another system has registered."""

_TURN = 5.0


class Follower:
    """Looks at the schedule every few seconds."""

    def __init__(self, desk: QueueDesk, stage: Stage, clock: Clock) -> None:
        self._desk, self._stage, self._clock = desk, stage, clock

    async def run(self) -> None:
        """Until cancelled; a store that can't be read is tried again."""
        await steadily(
            self._look,
            lambda: asyncio.sleep(_TURN),
            lambda error: log.warning("The queue can't follow the schedule: %s", error),
        )

    async def release(self) -> None:
        """Let everybody wait whose earlier stop of the day was cancelled after the check-in."""
        scene = await self._stage.scene(self._clock.now())
        for entry in scene.entries.values():
            if scene.taken_off(entry) is None:
                continue
            try:
                await self._desk.free(SCHEDULE, entry.ticket.id)
            except Illegal as illegal:
                log.info("Still behind an earlier stop: %s", illegal)

    async def turn(self) -> None:
        """Check in everybody who has arrived and never had a ticket.

        Whose check-in a person took back waits for a person.
        """
        scene = await self._stage.scene(self._clock.now())
        for lane in scene.lanes.values():
            for entry in lane.booked:
                appointment = entry.appointment
                if appointment is None or appointment.status is not AppointmentStatus.ARRIVED:
                    continue
                if entry.ticket.last is not None:
                    continue
                try:
                    await self._desk.check_in(
                        SCHEDULE,
                        [(lane.id, appointment)],
                        entry.patient,
                        why="schedule",
                        cause=appointment.event,
                    )
                except Illegal as illegal:
                    log.info("Not checked in: %s", illegal)

    async def _look(self) -> None:
        if self._stage.options.check_in.arrivals:
            await self.turn()
        await self.release()
