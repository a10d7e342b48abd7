"""HL7 over MLLP: messages committed, normalized and acknowledged, beside a bare acknowledger."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.case import Case, Options

_END = b"\x1c\r"
_CODES = (
    "6690-2",
    "789-8",
    "718-7",
    "777-3",
    "4544-3",
    "787-2",
    "785-6",
    "786-4",
    "788-0",
    "731-0",
)
_UNITS = ("10*9/L", "10*12/L", "g/L", "10*9/L", "%", "fL", "pg", "g/L", "%", "10*9/L")
_CONNECTIONS = 32
_BARE = "a bare acknowledger: no parsing, nothing kept"
_START_SECONDS = 30


@dataclass(slots=True)
class _Load:
    """What was sent, and when each message was due and answered, by sample."""

    due: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)


async def run(options: Options) -> Sequence[Case]:
    """The sender runs in this process, the receiver in another; waits count from the due time."""
    scale = 0.02 if options.smoke else 1.0
    cases = []
    for results, count in ((5, 8000), (10, 5000)):
        peer = await _rate("bare", results, round(4 * count * scale))
        ours = await _rate("ours", results, round(count * scale))
        cases.append(_rate_case(ours, results))
        cases.append(_compared(ours, peer, results))
    cases += await _waits(500, 10 * scale, "ACK p99 at 500/s", 20, to_event=False)
    cases += await _waits(300, 10 * scale, "end to end p99 at 300/s", 100, to_event=True)
    return cases


def _size(results: int) -> str:
    return f"ORU^R01 with {results} results, {len(message('S', 1, results))} bytes"


def _rate_case(ours: float, results: int) -> Case:
    return Case(
        name="mllp_intake",
        case=f"{results} results, {_CONNECTIONS} connections, one message outstanding on each",
        ours=ours,
        unit="message/s",
        better="higher",
        goal=1000 if results == len(_CODES[:5]) else None,
        size=_size(results),
    )


def _compared(ours: float, peer: float, results: int) -> Case:
    return Case(
        name="mllp_intake",
        case=f"{results} results, against the ceiling",
        ours=ours,
        peer=peer,
        peer_name=_BARE,
        unit="message/s",
        better="higher",
        size=_size(results),
        peer_ack="sent at once, stands for nothing",
    )


async def _rate(side: str, results: int, count: int) -> float:
    async with _receiver(side) as (port, _):
        await _send(port, 200, results, rate=0, first=0)
        begin = time.monotonic()
        await _send(port, count, results, rate=0, first=1000)
        return count / (time.monotonic() - begin)


async def _waits(
    rate: int, seconds: float, name: str, goal: float, *, to_event: bool
) -> list[Case]:
    results = 5
    async with _receiver("ours") as (port, process):
        await _send(port, rate, results, rate=rate, first=0)
        await _seen(process)
        load = await _send(port, max(100, round(rate * seconds)), results, rate=rate, first=100_000)
        await asyncio.sleep(0.5)
        arrived = await _seen(process) if to_event else load.answered
    waits = [1000 * (arrived[sample] - due) for sample, due in load.due.items()]
    cuts = statistics.quantiles(waits, n=100)
    return [
        Case(
            name="mllp_intake",
            case=f"{label}, {_size(results)}",
            ours=value,
            unit="ms",
            better="lower",
            goal=limit,
            size=_size(results),
        )
        for label, value, limit in (
            (name.replace("p99", "p50"), cuts[49], None),
            (name, cuts[98], goal),
        )
    ]


async def _seen(process: Process) -> dict[str, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    found: dict[str, float] = json.loads(await process.stdout.readline())
    return found


async def _send(port: int, count: int, results: int, *, rate: float, first: int) -> _Load:
    """Send `count` messages over all connections; with a `rate`, each when it is due."""
    load = _Load()
    numbers = iter(range(first, first + count))
    begin = time.monotonic()

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in numbers:
            sample = f"S{number}"
            due = begin + (number - first) / rate if rate else time.monotonic()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            writer.write(message(sample, number, results))
            await reader.readuntil(_END)
            load.due[sample] = due
            load.answered[sample] = time.monotonic()
        writer.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_CONNECTIONS):
            tasks.create_task(work())
    return load


def message(sample: str, number: int, results: int) -> bytes:
    """One framed result message; every sample and control id is another."""
    lines = [
        f"MSH|^~\\&|||||20261123160436||ORU^R01|{number}|P|2.3.1||||||UNICODE",
        "PID|1||P1^^^HIS^MR||王建国",
        f"OBR|1||{sample}|00001^Automated Count^99MRC",
        *(
            f"OBX|{at}|NM|{code}^T{at}^LN||{at}.57|{unit}|4.00-10.00|N|||F"
            for at, (code, unit) in enumerate(zip(_CODES[:results], _UNITS, strict=False), 1)
        ),
    ]
    return b"\x0b" + ("\r".join(lines) + "\r").encode() + _END


@asynccontextmanager
async def _receiver(side: str) -> AsyncIterator[tuple[int, Process]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = (sys.executable, "-m", "bench._mllp_side", side, str(port))
    limit = 64 * 1024 * 1024
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, limit=limit, env={**os.environ}
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            await process.stdout.readline()
            await _until_open(port)
        yield port, process
    finally:
        process.stdin.close()
        await process.wait()


async def _until_open(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
