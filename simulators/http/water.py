"""A water-quality service: the linacs' cooling loop, as an OGC SensorThings service tells it."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from simulators.http.answering import FAULTS, Faulty

_SINCE = "phenomenonTime ge "
_KEPT = 20_000
_STREAMS: Mapping[str, tuple[str, float, float, int]] = {
    "Electrical conductivity": ("µS/cm", 0.8, 0.15, 2),
    "pH": ("pH", 6.9, 0.1, 2),
    "Water temperature": ("°C", 21.5, 1.5, 1),
    "Flow": ("L/min", 42.0, 3.0, 1),
}
"""Unit, usual value, how far it strays, digits."""


@dataclass(slots=True)
class WaterService:
    """Observes every `interval` seconds and answers `GET …/Observations` (OGC 18-088).

    Ids never come again, whenever it is started. `faults` are those of `Faulty`.
    """

    interval: float = 10.0
    chance: random.Random = field(default_factory=random.Random)
    faults: set[str] = field(default_factory=set)
    port: int = 0
    _seen: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT))

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[WaterService]:
        """Observe and answer within the block."""
        self._observe()
        async with Faulty(self._say, self.faults).serving(host, port) as self.port:
            observing = asyncio.create_task(self._keep_observing(), name="water-quality")
            try:
                yield self
            finally:
                observing.cancel()
                with suppress(asyncio.CancelledError):
                    await observing

    def fault(self, kind: str) -> None:
        if kind not in FAULTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(FAULTS)}")
        self.faults.add(kind)

    def clear(self) -> None:
        self.faults.clear()

    async def _keep_observing(self) -> None:
        while True:
            await asyncio.sleep(self.interval)
            self._observe()

    def _observe(self) -> None:
        now = datetime.now(UTC)
        drift = math.sin(now.timestamp() / 1800)
        for number, (name, (symbol, usual, stray, digits)) in enumerate(_STREAMS.items(), 1):
            value = usual + stray * (drift + self.chance.uniform(-0.2, 0.2))
            self._seen.append(
                {
                    "@iot.id": int(now.timestamp() * 1000) * 10 + number,
                    "phenomenonTime": now.isoformat(timespec="milliseconds"),
                    "resultTime": None,
                    "result": round(value, digits),
                    "Datastream": {
                        "@iot.id": number,
                        "unitOfMeasurement": {"name": symbol, "symbol": symbol},
                        "ObservedProperty": {"@iot.id": number, "name": name},
                    },
                }
            )

    def _say(self, target: str, _body: str) -> str:
        query = parse_qs(urlsplit(target).query)
        since = datetime.fromisoformat(query["$filter"][0].removeprefix(_SINCE))
        wanted = [
            each for each in self._seen if datetime.fromisoformat(each["phenomenonTime"]) >= since
        ]
        begin, size = int(query.get("$skip", ["0"])[0]), int(query["$top"][0])
        said: dict[str, Any] = {"value": wanted[begin : begin + size]}
        if len(wanted) > begin + size:
            further = urlencode({**query, "$skip": begin + size}, doseq=True)
            said["@iot.nextLink"] = f"?{further}"
        return json.dumps(said)
