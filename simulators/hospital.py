"""The whole demo hospital in one process: every simulator, and faults on command.

`main` prints one line of JSON when everything is ready: `{"ports": {"meters": 50200, …}}`.
`sensors` is the port of the broker that the MQTT sensors publish to, which somebody else runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt

from simulators.control import controlled
from simulators.modbus import ModbusHospital, modbus_hospital
from simulators.modbus.faults import Kind
from simulators.mqtt import FAULTS, MqttHospital, mqtt_hospital

HOST = "127.0.0.1"
SENSORS = "sensors"
_MEND = "none"
_LIST = "list"


@dataclass(frozen=True, slots=True)
class Hospital:
    """The running simulators. An endpoint is a Modbus port by name, or one MQTT sensor."""

    modbus: ModbusHospital
    mqtt: MqttHospital
    broker: int

    @property
    def ports(self) -> dict[str, int]:
        return {**self.modbus.ports, SENSORS: self.broker}

    def handle(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out `{"endpoint", "kind", …}`; `kind` may be `list`, and `none` mends.

        `seconds` ends the fault after so long. ValueError says what is allowed instead.
        """
        details = dict(request)
        endpoint, kind = str(details.pop("endpoint", "")), str(details.pop("kind", ""))
        if kind == _LIST:
            return {"endpoints": self._endpoints()}
        kind = self._known(endpoint, kind)
        seconds = details.pop("seconds", None)
        mend = self._mending(endpoint, details.get("unit"))
        if kind == _MEND:
            mend()
            return {}
        self._begin(endpoint, kind, details)
        if seconds is not None:
            asyncio.get_running_loop().call_later(float(seconds), mend)
        return {}

    def _endpoints(self) -> dict[str, dict[str, Any]]:
        modbus: dict[str, dict[str, Any]] = {
            name: {"port": port, "faults": sorted(Kind)} for name, port in self.modbus.ports.items()
        }
        sensors = {
            name: {"port": self.broker, "faults": sorted(FAULTS)} for name in self.mqtt.sensors
        }
        return {**modbus, **sensors}

    def _known(self, endpoint: str, kind: str) -> str:
        """The fault as its simulator writes it: `half-open` and `half_open` are one."""
        endpoints = self._endpoints()
        if endpoint not in endpoints:
            raise ValueError(f"no endpoint {endpoint!r}; there are {', '.join(endpoints)}")
        known = [*endpoints[endpoint]["faults"], _MEND]
        for each in known:
            if each.replace("_", "-") == kind.replace("_", "-"):
                return str(each)
        raise ValueError(f"{endpoint} knows no fault {kind!r}; it knows {', '.join(known)}")

    def _mending(self, endpoint: str, unit: int | None) -> Callable[[], None]:
        if endpoint in self.modbus.ports:
            return lambda: self.modbus.clear(endpoint, unit)
        return lambda: self.mqtt.clear(endpoint)

    def _begin(self, endpoint: str, kind: str, details: Mapping[str, Any]) -> None:
        try:
            if endpoint in self.modbus.ports:
                self.modbus.fault(endpoint, kind, **details)
            else:
                self.mqtt.fault(endpoint, kind, **details)
        except TypeError as error:
            raise ValueError(f"{kind}: {error}") from error


@asynccontextmanager
async def running(ports: Mapping[str, int], speed: float = 1.0) -> AsyncIterator[Hospital]:
    """Every simulator within the block, on the given ports or (0, or not given) on free ones."""
    broker = ports.get(SENSORS) or _free_port()
    async with (
        modbus_hospital(HOST, ports, speed=speed) as modbus,
        mqtt_hospital(HOST, broker, speed=speed) as mqtt,
    ):
        yield Hospital(modbus, mqtt, broker)


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, or with `--with-parent` until standard input ends."""
    options = _arguments(argv)
    asyncio.run(_serve(options))
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(_without_lost_brokers)
    async with AsyncExitStack() as stack:
        stack.enter_context(_stopping(stop, with_parent=options.with_parent))
        hospital = await stack.enter_async_context(running(dict(options.port), options.speed))
        if options.control is not None:
            await stack.enter_async_context(controlled(options.control, hospital.handle))
        sys.stdout.write(json.dumps({"ports": hospital.ports}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _without_lost_brokers(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """A broker that goes away is part of the play; aiomqtt leaves its word about it unheard."""
    if not isinstance(context.get("exception"), aiomqtt.MqttError):
        loop.default_exception_handler(dict(context))


@contextmanager
def _stopping(stop: asyncio.Event, *, with_parent: bool) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    stdin = sys.stdin.fileno()

    def read() -> None:
        if not os.read(stdin, 4096):
            loop.remove_reader(stdin)
            stop.set()

    if with_parent:
        loop.add_reader(stdin, read)
    try:
        yield
    finally:
        loop.remove_reader(stdin)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hospital", description=main.__doc__)
    parser.add_argument("--port", action="append", default=[], type=_pair, metavar="NAME=PORT")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast their clock runs")
    parser.add_argument("--control", type=Path, help="Unix socket for faults on command")
    parser.add_argument("--with-parent", action="store_true", help="end with standard input")
    return parser.parse_args(argv)


def _pair(text: str) -> tuple[str, int]:
    name, _, port = text.partition("=")
    return name, int(port)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
