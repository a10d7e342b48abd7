"""One of six meters on a bus dies: how many reads of the other five are left.

Six meters behind an RTU-over-TCP gateway, each asked once a second. Ours is the whole gateway with
the demo's time-out; the peer asks one meter after the other, as a loop over pymodbus with the
library's defaults does.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from bench._modbus_side import end
from bench.case import Case, Options
from gateway.app.serve import ServeOptions, open_gateway
from simulators.modbus.faults import Fault, Kind
from simulators.modbus.image import Image
from simulators.modbus.meter import Meter
from simulators.modbus.server import Endpoint
from simulators.modbus.stock import StockClient, stock_client

_UNITS, _DEAD = 6, 3
_TIMEOUT = 0.5


class _Counted(Meter):
    """A meter that counts how often it was read."""

    reads = 0

    def image(self, now: float) -> Image:
        self.reads += 1
        return super().image(now)


class _Bus:
    """Six meters, and how many reads of the five living ones were answered."""

    def __init__(self) -> None:
        self._meters = {unit: _Counted(f"bench-{unit}", 20) for unit in range(1, _UNITS + 1)}
        self.endpoint = Endpoint("rtu", self._meters, asyncio.get_running_loop().time)

    @property
    def good(self) -> int:
        return sum(meter.reads for unit, meter in self._meters.items() if unit != _DEAD)

    async def shares(self, warm: float, spans: Sequence[float]) -> list[float]:
        """Share of the reads wanted that came, in each span of seconds after the death."""
        await asyncio.sleep(warm)
        self.endpoint.fault(Fault(Kind.SILENT), unit=_DEAD)
        found = []
        for span in spans:
            before = self.good
            await asyncio.sleep(span)
            found.append(min(1.0, (self.good - before) / span / (_UNITS - 1)))
        return found


async def run(options: Options) -> Sequence[Case]:
    """Goal: 90 % of the good reads within 5 s."""
    warm, spans = (1.0, (1.0, 1.0)) if options.smoke else (5.0, (5.0, 20.0))
    async with _gateway() as bus:
        ours = await bus.shares(warm, spans)
    async with _loop() as bus:
        peers = await bus.shares(warm, spans)
    moments = ("first 5 s after the death", "the 20 s after that")
    return [
        Case(
            name="dead_unit",
            case=moment,
            ours=100 * mine,
            unit="% of the reads wanted",
            better="higher",
            peer=100 * theirs,
            peer_name="loop over pymodbus 3.16 with its defaults (3 s, 3 retries)",
            goal=90 / (100 * theirs) if theirs else 90.0,
            size=f"5 living meters of 6 at 1 Hz, RTU over TCP, our time-out {_TIMEOUT:g} s",
            peer_ack="none: a poll is not acknowledged",
        )
        for moment, mine, theirs in zip(moments, ours, peers, strict=True)
    ]


@asynccontextmanager
async def _gateway() -> AsyncIterator[_Bus]:
    bus = _Bus()
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        async with bus.endpoint.serve():
            file = Path(folder) / "devices.yaml"
            file.write_text(yaml.safe_dump(_site(bus.endpoint.port)))
            async with open_gateway(ServeOptions(file, Path(folder) / "data")):
                yield bus


@asynccontextmanager
async def _loop() -> AsyncIterator[_Bus]:
    bus = _Bus()
    async with (
        bus.endpoint.serve(),
        stock_client(bus.endpoint.port, framing="rtu") as client,
        asyncio.TaskGroup() as group,
    ):
        task = group.create_task(_ask_in_turn(client))
        yield bus
        await end([task])


async def _ask_in_turn(client: StockClient) -> None:
    loop = asyncio.get_running_loop()
    while True:
        round_ends = loop.time() + 1
        for unit in range(1, _UNITS + 1):
            await client.read(4, unit, 0, 76)
        await asyncio.sleep(round_ends - loop.time())


def _site(port: int) -> dict[str, Any]:
    return {
        "site": {"id": "bench", "name": "Bench", "time_zone": "Asia/Shanghai"},
        "links": {
            "bus": {
                "driver": "modbus",
                "framing": "rtu",
                "timeout": _TIMEOUT,
                "transport": {"type": "tcp", "host": "127.0.0.1", "port": port},
            }
        },
        "devices": {
            f"meter-{unit}": {
                "name": f"Meter {unit}",
                "profile": "three-phase-meter",
                "link": "bus",
                "unit": unit,
                "interval": 1,
            }
            for unit in range(1, _UNITS + 1)
        },
    }
