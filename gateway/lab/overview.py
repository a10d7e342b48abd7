"""What the laboratory adds to the overview and to the palette."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from zoneinfo import ZoneInfo

from gateway.lab.desk import LabDesk
from gateway.lab.result import ResultFilter
from gateway.model import Clock, Instant, from_datetime, to_datetime
from gateway.room import Glance, Hit, Level, Permission, Principal, Tile

_FOUND = 5


class LabOverview:
    """For whoever may read results of every department; numbers and names are of the whole site."""

    def __init__(self, desk: LabDesk, clock: Clock, zone: str) -> None:
        self._desk, self._clock, self._zone = desk, clock, ZoneInfo(zone)

    async def glance(self, who: Principal) -> Glance:
        if not _may(who):
            return Glance()
        counts = await self._desk.counts(self._midnight())
        critical = counts.critical
        note = {"zh-CN": f"{critical} 个危急值", "en": f"{critical} critical"} if critical else ""
        level = Level.HIGH if critical else Level.CALM
        label = {"zh-CN": "今日样本", "en": "Samples today"}
        return Glance(tiles=(Tile(label, str(counts.samples), "/results", level, note, place=400),))

    async def find(self, who: Principal, text: str) -> Sequence[Hit]:
        """Samples with exactly this number."""
        if not _may(who):
            return ()
        found = await self._desk.results(ResultFilter(specimen=text), limit=_FOUND)
        samples = dict.fromkeys((each.event.source.device, each.specimen) for each in found)
        return [
            Hit(specimen, f"/samples/{quote(device, safe='')}/{quote(specimen)}", device)
            for device, specimen in samples
        ]

    def _midnight(self) -> Instant:
        local = to_datetime(self._clock.now()).astimezone(self._zone)
        return from_datetime(local.replace(hour=0, minute=0, second=0, microsecond=0))


def _may(who: Principal) -> bool:
    return who.may(Permission.READ_RESULTS) and not who.departments
