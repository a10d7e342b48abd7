"""Bytes on disk for a million events: an open segment, and a closed one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from bench.case import Case, Options
from bench.store_load import fill, meter_batches, sealed, sensor_batches
from gateway.model import SystemClock
from gateway.store import Batch, EventStore

_MILLION = 1_000_000
_PER_POLL = 8


async def run(options: Options) -> Sequence[Case]:
    """Three mixes; the goal is set for the typical one, half polled points, half messages."""
    count = 4_000 if options.smoke else 200_000
    cases: list[Case] = []
    for mix, polled, judged in (
        ("typical, half polled", count // 2, True),
        ("only polled", count, False),
        ("only messages", 0, False),
    ):
        open_bytes, closed_bytes = await _sizes(count, polled)
        cases += [
            _case(mix, "open", open_bytes, count, 300 if judged else None),
            _case(mix, "closed", closed_bytes, count, 100 if judged else None),
        ]
    return cases


async def _sizes(count: int, polled: int) -> tuple[int, int]:
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        options = sealed()
        async with EventStore.open(Path(folder), options, SystemClock()) as store:
            await fill(store, _mix(store, count, polled))
        before = _size(Path(folder))
        async with EventStore.open(Path(folder), options, SystemClock()) as store:
            await store.close_segments(current=True)
        return before, _size(Path(folder))


def _mix(store: EventStore, count: int, polled: int) -> Iterator[Batch]:
    return chain(meter_batches(store, polled // _PER_POLL), sensor_batches(store, count - polled))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "segments").iterdir())


def _case(mix: str, form: str, size: int, count: int, goal: float | None) -> Case:
    return Case(
        name="disk",
        case=f"{form} segment, {mix}",
        ours=size / count * _MILLION / 1e6,
        unit="MB/million events",
        better="lower",
        goal=goal,
        size="polls of 8 changed points (61 bytes), messages of 120 bytes; with journal",
    )
