"""Checks in whom the schedule says to have arrived, where the site wants that."""

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
            self.turn,
            lambda: asyncio.sleep(_TURN),
            lambda error: log.warning("Arrivals can't be taken over from the schedule: %s", error),
        )

    async def turn(self) -> None:
        """Check in everybody who has arrived and has no ticket yet."""
        scene = await self._stage.scene(self._clock.now())
        for lane in scene.lanes.values():
            for entry in lane.booked:
                appointment = entry.appointment
                if appointment is None or appointment.status is not AppointmentStatus.ARRIVED:
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
