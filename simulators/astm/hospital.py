"""Everything of the demo hospital that speaks ASTM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from simulators.astm.analyzer import Analyzer, astm_analyzer
from simulators.astm.faults import Fault, Kind
from simulators.astm.places import PtyPlace
from simulators.astm.sender import Timers

CHEMISTRY = "chemistry"
_INTERVAL = 20.0
_ZONE = ZoneInfo("Asia/Shanghai")


class AstmHospital:
    """Endpoints by name: `chemistry`, a chemistry analyzer on a serial line of 9,600 baud."""

    def __init__(self, analyzers: Mapping[str, Analyzer], paths: Mapping[str, str]) -> None:
        self.analyzers = dict(analyzers)
        self.paths = dict(paths)

    def fault(self, endpoint: str, kind: str, **args: Any) -> None:
        """Begin a fault of `faults.Kind`; `args` are those of `Fault`."""
        self.analyzers[endpoint].fault(Fault(Kind(kind), **args))

    def clear(self, endpoint: str | None = None) -> None:
        """End the fault of an endpoint, or all."""
        for name in [endpoint] if endpoint else list(self.analyzers):
            self.analyzers[name].clear()


@asynccontextmanager
async def astm_hospital(
    lines: Mapping[str, Path] | None = None, speed: float = 1.0, timers: Timers | None = None
) -> AsyncIterator[AstmHospital]:
    """Serve until left. `lines` gives a stable path to a line; it is removed at the end."""
    place = PtyPlace(9600, (lines or {}).get(CHEMISTRY))
    async with (
        place.open(),
        astm_analyzer(
            place, interval=_INTERVAL / speed, timers=timers, clock=partial(datetime.now, _ZONE)
        ) as analyzer,
    ):
        yield AstmHospital({CHEMISTRY: analyzer}, {CHEMISTRY: place.path})
