"""Everything of the demo hospital that speaks Modbus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from simulators.modbus.chiller import Chiller
from simulators.modbus.clock import SimClock
from simulators.modbus.faults import Fault, Kind
from simulators.modbus.meter import Meter
from simulators.modbus.room import Room
from simulators.modbus.server import Endpoint
from simulators.modbus.ups import Ups

_PEAKS_KW = (90.0, 75.0, 42.0, 30.0, 22.0, 12.0)
"""Two linacs, a CT, chillers, ventilation, lights."""


class ModbusHospital:
    """Endpoints by name: `meters` (RTU over TCP, units 1 to 6), `chiller`, `ups`, `room`."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = dict(endpoints)

    @property
    def ports(self) -> dict[str, int]:
        return {name: endpoint.port for name, endpoint in self._endpoints.items()}

    @property
    def requests(self) -> dict[str, int]:
        """How many requests each endpoint has understood."""
        return {name: endpoint.requests for name, endpoint in self._endpoints.items()}

    def fault(self, endpoint: str, kind: str, unit: int | None = None, **args: Any) -> None:
        """Begin a fault of `faults.Kind` at one unit, or at all; `args` are those of `Fault`."""
        self._endpoints[endpoint].fault(Fault(Kind(kind), **args), unit)

    def clear(self, endpoint: str | None = None, unit: int | None = None) -> None:
        """End faults: of a unit, of an endpoint, or everywhere."""
        for name in [endpoint] if endpoint else list(self._endpoints):
            self._endpoints[name].clear(unit)


@asynccontextmanager
async def modbus_hospital(
    host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
    speed: float = 1.0,
    seed: str = "0",
    elapsed: Callable[[], float] | None = None,
) -> AsyncIterator[ModbusHospital]:
    """Serve until left. `ports` by endpoint name; free ones where none is given."""
    now = SimClock(speed, elapsed) if elapsed else SimClock(speed)
    endpoints = _endpoints(now, seed)
    async with AsyncExitStack() as stack:
        for name, endpoint in endpoints.items():
            await stack.enter_async_context(endpoint.serve(host, (ports or {}).get(name, 0)))
        yield ModbusHospital(endpoints)


def _endpoints(now: SimClock, seed: str) -> dict[str, Endpoint]:
    meters = {
        number: Meter(f"{seed}/meter-{number}", peak)
        for number, peak in enumerate(_PEAKS_KW, start=1)
    }
    return {
        "meters": Endpoint("rtu", meters, now, seed),
        "chiller": Endpoint("tcp", {1: Chiller(f"{seed}/chiller")}, now, seed),
        "ups": Endpoint("tcp", {1: Ups(f"{seed}/ups")}, now, seed),
        "room": Endpoint("tcp", {1: Room(f"{seed}/room")}, now, seed),
    }
