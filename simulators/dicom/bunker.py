"""A treatment machine at work: it treats what its worklist has, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydicom.dataset import Dataset

from simulators.rt import Linac, Machine, Refused
from simulators.shift import at_work

FAULTS = ("silent", "interrupted")
_PATIENCE = 5.0
_WALK = timedelta(seconds=45)
"""From when a step is seen until its patient lies on the couch."""
_STOPS_AT = 40.0


class Bunker:
    """Asks `called` at `port` for work by TDW-II and treats what is due, earliest first.

    `silent`: it asks for nothing. `interrupted`: its treatments stop in their last beam.
    """

    def __init__(self, title: str, host: str, port: int, called: str, listens: int) -> None:
        machine = Machine(title, f"SN-{title}", 0.1, 0.2)
        self._linac = Linac(title, host, port, called, listens, machine)
        self._faults: set[str] = set()
        self._zone = ZoneInfo("UTC")
        self._seen: dict[str, datetime] = {}

    @property
    def port(self) -> int:
        """Where it takes what is moved to it."""
        return self._linac.listens

    @asynccontextmanager
    async def treating(self, pause: float, zone: str) -> AsyncIterator[Bunker]:
        """Treat within the block; `pause` seconds a beam, and as long between two patients."""
        self._zone, self._linac.pace = ZoneInfo(zone), pause
        with self._linac.listening():
            async with at_work(self._run(pause), f"bunker-{self._linac.title}"):
                try:
                    yield self
                finally:
                    self._linac.off.set()

    def fault(self, kind: str) -> None:
        self._faults.add(kind)

    def clear(self) -> None:
        self._faults.clear()

    async def _run(self, pause: float) -> None:
        while True:
            await asyncio.sleep(pause or _PATIENCE)
            if "silent" in self._faults:
                continue
            try:
                await self._turn()
            except (ConnectionError, Refused):
                await asyncio.sleep(_PATIENCE)

    async def _turn(self) -> None:
        """Treat the first that is due."""
        listed = await asyncio.to_thread(self._linac.worklist)
        now = datetime.now(self._zone).replace(tzinfo=None)
        steps = {str(each.SOPInstanceUID): _at(each) for each in listed}
        self._seen = {uid: self._seen.get(uid, now) for uid in steps}
        ready = {uid: max(at, self._seen[uid] + _WALK) for uid, at in steps.items()}
        first = min(((at, uid) for uid, at in ready.items()), default=None)
        if first is not None and first[0] <= now:
            stop = _STOPS_AT if "interrupted" in self._faults else None
            await asyncio.to_thread(self._linac.treat, first[1], at=now, stop_at=stop)


def _at(step: Dataset) -> datetime:
    text = str(step.ScheduledProcedureStepStartDateTime)
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 - the site's own time
