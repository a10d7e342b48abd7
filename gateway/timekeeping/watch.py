"""Is our clock right? Compared with the site's time servers, said when it turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from gateway.errors import DeviceUnavailable
from gateway.model import Clock, Instant
from gateway.room import RoomPorts
from gateway.timekeeping.options import TimeOptions
from gateway.timekeeping.sntp import Offset

log = logging.getLogger(__name__)

Ask = Callable[[str], Awaitable[Offset]]


class Standing(StrEnum):
    """What is known of our clock."""

    UNKNOWN = "unknown"
    RIGHT = "right"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`offset` is in seconds, positive where our clock is slow; None while no server answers."""

    standing: Standing
    offset: float | None
    detail: str
    since: Instant


class Watch:
    """Asks every server in turn of `every` seconds; a turn to the worse or better is an event."""

    def __init__(self, options: TimeOptions, ports: RoomPorts, clock: Clock, ask: Ask) -> None:
        self._options, self._ports, self._clock, self._ask = options, ports, clock, ask
        self.verdict = Verdict(Standing.UNKNOWN, None, "not asked yet", clock.now())

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._options.every)

    async def look(self) -> Verdict:
        """Ask once; the median of what the servers say counts, so that one liar does not."""
        offsets, refused = await self._asked()
        if not offsets:
            verdict = self._judged(Standing.UNKNOWN, None, "; ".join(refused))
        else:
            offset = median(each.offset for each in offsets)
            off = abs(offset) > self._options.tolerance
            detail = f"{offset:+.3f} s against {len(offsets)} of {len(self._options.servers)}"
            verdict = self._judged(Standing.OFF if off else Standing.RIGHT, offset, detail)
        if verdict.standing is not self.verdict.standing:
            self._say(verdict)
        self.verdict = verdict
        return verdict

    async def _asked(self) -> tuple[Sequence[Offset], Sequence[str]]:
        found = await asyncio.gather(
            *(self._ask(server) for server in self._options.servers), return_exceptions=True
        )
        for each in found:
            if isinstance(each, BaseException) and not isinstance(each, DeviceUnavailable):
                raise each
        offsets = [each for each in found if isinstance(each, Offset)]
        return offsets, [str(each) for each in found if isinstance(each, DeviceUnavailable)]

    def _judged(self, standing: Standing, offset: float | None, detail: str) -> Verdict:
        same = standing is self.verdict.standing
        since = self.verdict.since if same else self._clock.now()
        return Verdict(standing, offset, detail, since)

    def _say(self, verdict: Verdict) -> None:
        self._ports.system("clock", verdict.standing, verdict.detail)
        if verdict.standing is Standing.RIGHT:
            log.info("The gateway's clock is right: %s.", verdict.detail)
        else:
            log.warning("The gateway's clock is %s: %s.", verdict.standing, verdict.detail)
