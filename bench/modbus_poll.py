"""100 meters of 40 registers, once a second each: the whole gateway beside a bare pymodbus loop.

Each side polls the same 10 Modbus TCP gateways of 10 meters from a process of its own on uvloop,
one after the other; the loop's reads are spread evenly; every value changes in every read. Ours
decodes, normalizes and commits 2,000 values a second; the loop reads and forgets. Lateness is
judged by the meters.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.case import Case, Options

_PER_PORT = 10
_SIZE = "100 meters x 40 registers (20 float32) at 1 Hz, 10 connections"


@dataclass(frozen=True, slots=True)
class _Cost:
    cpu: float
    reads_a_second: float
    late_p99: float


async def run(options: Options) -> Sequence[Case]:
    """Goals: 2.5 x the loop's CPU, 8 % of a core, lateness p99 of 20 ms."""
    meters, warm, seconds = (20, 0.5, 1.5) if options.smoke else (100, 5.0, 30.0)
    peer = await _measured("pymodbus", meters, warm, seconds)
    driver = await _measured("driver", meters, warm, seconds)
    ours = await _measured("ours", meters, warm, seconds)
    reads = f"{ours.reads_a_second:.0f} reads/s, the peer {peer.reads_a_second:.0f}"
    cpu, core = "CPU beside a bare loop", "% of a core"
    return [
        _case(cpu, core, 100 * ours.cpu, 2.5, reads=reads, peer=100 * peer.cpu),
        _case("driver alone", core, 100 * driver.cpu, 2.5, reads=reads, peer=100 * peer.cpu),
        _case("CPU", core, 100 * ours.cpu, 8.0, reads=reads),
        _case("lateness p99", "ms", 1000 * ours.late_p99, 20.0, reads=reads),
    ]


def _case(
    case: str, unit: str, ours: float, goal: float, *, reads: str, peer: float | None = None
) -> Case:
    return Case(
        name="modbus_poll",
        case=case,
        ours=ours,
        unit=unit,
        better="lower",
        peer=peer,
        peer_name="pymodbus 3.16, reads and forgets" if peer is not None else "",
        goal=goal,
        size=f"{_SIZE}; {reads}",
        peer_ack="none: a poll is not acknowledged",
    )


async def _measured(side: str, meters: int, warm: float, seconds: float) -> _Cost:
    async with _child("meters", meters, _PER_PORT) as bus:
        ports = await _line(bus)
        async with _child(side, ports, _PER_PORT, warm, seconds) as poller:
            await _word(poller)
            await _asked(bus)
            cost = await _line(poller)
            seen = await _asked(bus)
    return _Cost(cost["cpu"], seen["reads"] / seconds, seen["p99"])


@asynccontextmanager
async def _child(side: str, *arguments: Any) -> AsyncIterator[Process]:
    """A side in its own process; it ends when its stdin closes."""
    words = [json.dumps(argument) for argument in arguments]
    command = (sys.executable, "-m", "bench._modbus_side", side, *words)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        if await process.wait():
            raise RuntimeError(f"the side {side!r} failed")


async def _word(process: Process) -> str:
    if process.stdout is None:
        raise RuntimeError("a side without stdout")
    return (await process.stdout.readline()).decode()


async def _line(process: Process) -> Any:
    return json.loads(await _word(process))


async def _asked(process: Process) -> Any:
    """What the meters have seen since they were asked last."""
    if process.stdin is not None:
        process.stdin.write(b"\n")
    return await _line(process)
