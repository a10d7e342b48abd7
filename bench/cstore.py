"""C-STORE from DCMTK's sender: durable and indexed ours, beside Orthanc and DCMTK's storescp."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from bench._dicom_side import (
    SERVERS,
    Server,
    ct_files,
    dose_files,
    rt_files,
    send,
    servers,
    size_of,
)
from bench.case import Case, Options

_ANSWERS = {
    "orthanc": "stored and indexed in SQLite, not synced",
    "storescp": "written, not synced, no index",
}


_TICK = 1e-3
"""In smoke runs of two objects the difference may vanish."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: `count` objects a sender. Goals are ratios, by peer."""

    name: str
    make: Callable[[Path, int], Path]
    count: int
    senders: int
    goals: dict[str, float]


LOADS = (
    Load("CT 512 x 512, 1 association", ct_files, 150, 1, {"orthanc": 1.5}),
    Load("CT 512 x 512, 4 associations", ct_files, 60, 4, {"orthanc": 1.25}),
    Load("RT records, 1 association", rt_files, 200, 1, {"orthanc": 3, "storescp": 0.7}),
    Load("RT dose of 31 MB, 1 association", dose_files, 6, 1, {"orthanc": 3}),
)


async def run(options: Options) -> Sequence[Case]:
    """Rounds in turn, the same files to each; the median round counts."""
    rounds = 1 if options.smoke else 5
    cases: list[Case] = []
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        home = Path(folder)
        async with servers(home) as found:
            for load in LOADS:
                cases += await measure(load, home, found, rounds, smoke=options.smoke)
    return cases


async def measure(
    load: Load,
    home: Path,
    found: dict[str, Server],
    rounds: int,
    *,
    smoke: bool,
    nagle: bool = False,
    name: str = "cstore",
) -> list[Case]:
    """Cases of one load: ours against each peer.

    What the same senders take for their first object is taken off: starting a program, reading its
    dictionary and opening an association cost as much whoever receives.
    """
    count = 2 if smoke else load.count
    rates: dict[str, list[float]] = {server: [] for server in found}
    size = 0
    for number in range(rounds + 1):
        sent = home / "sent"
        folders = [load.make(sent / str(each), count) for each in range(load.senders)]
        firsts = [load.make(sent / f"first-{each}", 1) for each in range(load.senders)]
        size = size_of(folders[0]) // count
        order = list(found)[number % len(found) :] + list(found)[: number % len(found)]
        for server in order:
            start = await send(found[server], firsts, nagle=nagle)
            seconds = await send(found[server], folders, nagle=nagle) - start
            if number:
                rates[server].append((count - 1) * load.senders / max(seconds, _TICK))
        rmtree(sent)
    medians = {server: statistics.median(each or [0.0]) for server, each in rates.items()}
    return [
        Case(
            name=name,
            case=load.name,
            ours=medians["ours"],
            peer=medians[peer],
            peer_name={"orthanc": "Orthanc", "storescp": "DCMTK storescp"}[peer],
            unit="instances/s",
            better="higher",
            goal=load.goals.get(peer),
            size=f"{size / 1e6:.2f} MB an object",
            peer_ack=_ANSWERS[peer],
        )
        for peer in SERVERS[1:]
        if peer in medians
    ]
