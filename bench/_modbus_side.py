"""One side of the Modbus benchmarks in a process of its own, so that its CPU time is its own.

`meters COUNT PER_PORT` serves meters until stdin closes: it prints its ports, and for each line on
stdin what it has seen since the last one. `ours` and `pymodbus` poll PORTS for some seconds and
print what it cost.
"""

from __future__ import annotations

import asyncio
import json
import logging
import struct
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
import yaml

from drivers.modbus.driver import ModbusDriver
from drivers.modbus.options import ModbusDevice, ModbusLink
from drivers.modbus.profile import ModbusProfile
from gateway import DeviceEntry, LinkEntry, Tcp
from gateway.app.serve import ServeOptions, open_gateway, spare_collector
from gateway.transport import connect
from simulators.modbus.image import INPUT, Image
from simulators.modbus.server import Endpoint
from simulators.modbus.stock import StockClient, stock_client

REGISTERS = 40
INTERVAL = 1.0
PROFILE = {
    "driver": "modbus",
    "title": "Bench meter",
    "grade": "derived",
    "source": "this benchmark",
    "table": "input",
    "type": "float32",
    "points": {
        f"value_{number:02}": {"at": 2 * number, "unit": "V"} for number in range(REGISTERS // 2)
    },
}


class BenchMeter:
    """Forty input registers: twenty float32, each different in every read."""

    def __init__(self) -> None:
        self.reads: list[float] = []
        self._number = 0

    def image(self, now: float) -> Image:
        self.reads.append(now)
        self._number += 1
        values = (200 + point + self._number % 977 / 10 for point in range(REGISTERS // 2))
        words = struct.unpack(f">{REGISTERS}H", struct.pack(f">{REGISTERS // 2}f", *values))
        return Image({INPUT: REGISTERS}, {(INPUT, at): word for at, word in enumerate(words)})

    def lateness(self) -> list[float]:
        """Seconds by which each read came after its place in a perfect timetable."""
        offsets = [at - number * INTERVAL for number, at in enumerate(self.reads)]
        first = min(offsets, default=0.0)
        return [offset - first for offset in offsets]


async def serve(count: int, per_port: int) -> None:
    meters = [BenchMeter() for _ in range(count)]
    async with AsyncExitStack() as stack:
        ports = []
        for start in range(0, count, per_port):
            units = dict(enumerate(meters[start : start + per_port], start=1))
            endpoint = Endpoint("tcp", units, time.monotonic)
            ports.append((await stack.enter_async_context(endpoint.serve())).port)
        print(json.dumps(ports), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            late = sorted(value for meter in meters for value in meter.lateness())
            print(json.dumps({"reads": len(late), "p99": _p99(late)}), flush=True)
            for meter in meters:
                meter.reads.clear()


def _p99(values: list[float]) -> float:
    return values[len(values) * 99 // 100] if values else 0.0


async def poll_ours(ports: list[int], per_port: int, warm: float, seconds: float) -> None:
    """The gateway itself: driver, engine, normalizer, durable store; only the pages are missing."""
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        file = Path(folder) / "devices.yaml"
        file.write_text(yaml.safe_dump(site(ports, per_port), allow_unicode=True))
        async with open_gateway(ServeOptions(file, Path(folder) / "data")):
            spare_collector()
            await _measure(warm, seconds)


async def poll_pymodbus(ports: list[int], per_port: int, warm: float, seconds: float) -> None:
    """A bare loop: read, keep nothing. The reads of all clients are spread over the second."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        clients = [await stack.enter_async_context(stock_client(port)) for port in ports]
        step = INTERVAL / per_port / len(clients)
        loops = [
            group.create_task(_bare(client, per_port, place * step))
            for place, client in enumerate(clients)
        ]
        await _measure(warm, seconds)
        await end(loops)


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until heard.

    `asyncio.wait_for` of Python 3.11, which pymodbus waits by, drops a cancellation that comes
    together with the reply.
    """
    while any(not task.done() for task in tasks):
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=0.05)


async def poll_driver(ports: list[int], per_port: int, warm: float, seconds: float) -> None:
    """Our driver alone, paced as the bare loop: bytes to readings, nothing kept."""
    profile = ModbusProfile.model_validate({"profile": "bench-meter", **PROFILE})
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        step, loops = INTERVAL / per_port / len(ports), []
        for place, port in enumerate(ports):
            transport = Tcp(host="127.0.0.1", port=port)
            devices = tuple(
                DeviceEntry(f"{unit}", "", "link", profile, ModbusDevice(unit=unit), INTERVAL)
                for unit in range(1, per_port + 1)
            )
            link = LinkEntry("link", "modbus", ModbusLink(), transport, devices)
            connection = await stack.enter_async_context(connect(transport, lambda _way, _: None))
            poller = ModbusDriver(link).attach(connection)
            reads = [partial(poller.poll, device) for device in devices]
            loops.append(group.create_task(_paced(reads, place * step)))
        await _measure(warm, seconds)
        await end(loops)


async def _bare(client: StockClient, units: int, wait: float) -> None:
    await _paced(
        [partial(client.read, 4, unit, 0, REGISTERS) for unit in range(1, units + 1)], wait
    )


async def _paced(reads: Sequence[Callable[[], Awaitable[object]]], wait: float) -> None:
    """Do one after the other, evenly over `INTERVAL`, again and again."""
    loop = asyncio.get_running_loop()
    due = loop.time() + wait
    await asyncio.sleep(wait)
    while True:
        for read in reads:
            await read()
            due += INTERVAL / len(reads)
            await asyncio.sleep(due - loop.time())


async def _measure(warm: float, seconds: float) -> None:
    """Print `start`, wait, and print the CPU seconds that this process took meanwhile."""
    await asyncio.sleep(warm)
    print("start", flush=True)
    before, begun = time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    cpu, wall = time.process_time() - before, time.monotonic() - begun
    print(json.dumps({"cpu": cpu / wall}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


def site(ports: list[int], per_port: int) -> dict[str, Any]:
    """A devices.yaml with one link a port and `per_port` meters on each."""
    return {
        "site": {"id": "bench", "name": "Bench", "time_zone": "Asia/Shanghai"},
        "profiles": {
            "bench-meter": PROFILE,
        },
        "links": {
            f"gateway-{number}": {
                "driver": "modbus",
                "transport": {"type": "tcp", "host": "127.0.0.1", "port": port},
            }
            for number, port in enumerate(ports)
        },
        "devices": {
            f"meter-{number}-{unit}": {
                "name": f"Meter {number}-{unit}",
                "profile": "bench-meter",
                "link": f"gateway-{number}",
                "unit": unit,
                "interval": INTERVAL,
            }
            for number in range(len(ports))
            for unit in range(1, per_port + 1)
        },
    }


def main(side: str, *arguments: str) -> None:
    match side:
        case "meters":
            asyncio.run(serve(*(int(argument) for argument in arguments)))
        case _:
            ports, per_port, warm, seconds = (json.loads(argument) for argument in arguments)
            poll = {"ours": poll_ours, "driver": poll_driver, "pymodbus": poll_pymodbus}[side]
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(poll(ports, per_port, warm, seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
