"""Watches the gateway's own clock: a jump is an event, since every receive time hangs on it."""

from __future__ import annotations

import asyncio
import logging
import time

from gateway.supervisor.intake import Intake

log = logging.getLogger(__name__)

_EVERY = 10.0
_JUMP = 1.0


async def watch_clock(intake: Intake) -> None:
    """Compare wall time with monotonic time until cancelled."""
    offset = time.time() - time.monotonic()
    while True:
        await asyncio.sleep(_EVERY)
        moved = (time.time() - time.monotonic()) - offset
        if abs(moved) >= _JUMP:
            offset += moved
            log.warning("The gateway's clock jumped by %+.3f s.", moved)
            intake.system("clock-jump", f"{moved:+.3f}", "seconds, wall clock against monotonic")
