"""ASTM results per second, durable and normalized, beside a bare framer with the same sender.

The framer finds each frame, counts its checksum, acknowledges and forgets: what no receiver can do
without. Both run as a process of their own under uvloop, turn by turn, so that a busy machine slows
both; the median of the rounds counts.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench._astm_side import RESULTS
from bench.case import Case, Options

_ROUNDS = 3
_SIDE = "bench._astm_side"
_CASES = (
    ("24 frames, 50 connections", 50, 40, 24, 0.35),
    ("24 frames, 1 connection", 1, 200, 24, None),
    ("1 frame, 50 connections", 50, 40, 1, None),
    ("1 frame, 1 connection", 1, 200, 1, None),
)


async def run(options: Options) -> Sequence[Case]:
    return [await _case(*each, smoke=options.smoke) for each in _CASES]


async def _case(
    name: str, connections: int, count: int, frames: int, goal: float | None, *, smoke: bool
) -> Case:
    count = 2 if smoke else count
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(1 if smoke else _ROUNDS):
        for role, measured in rates.items():
            measured.append(await _rate(role, connections, count, frames))
    return Case(
        name="astm_ingest",
        case=name,
        ours=statistics.median(rates["ours"]),
        unit="messages/s",
        better="higher",
        peer=statistics.median(rates["bare"]),
        peer_name="bare framer",
        goal=goal,
        size=f"{RESULTS} results, about 1.6 kB",
        peer_ack="from memory, nothing stored",
    )


async def _rate(role: str, connections: int, count: int, frames: int) -> float:
    with TemporaryDirectory() as folder:
        server = await _start(role, str(Path(folder) / "store"), stdin=True)
        if server.stdout is None or server.stdin is None:
            raise RuntimeError("the receiver has no pipes")
        port = (await server.stdout.readline()).decode().strip()
        sender = await _start("send", port, str(connections), str(count), str(frames))
        said, _ = await sender.communicate()
        server.stdin.close()
        stored = int((await server.stdout.read()).split()[0])
        await server.wait()
    expected = connections * count * RESULTS if role == "ours" else 0
    if stored != expected:
        raise RuntimeError(f"{stored} results are stored, {expected} were acknowledged")
    return connections * count / float(said)


async def _start(role: str, *rest: str, stdin: bool = False) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", _SIDE, role, *rest, stdin=pipe if stdin else None, stdout=pipe
    )
