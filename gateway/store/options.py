"""How the store behaves: bounds, thresholds and keys."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.seal import Keyring

_MIB = 1 << 20


def free_bytes(path: Path) -> int:
    """Bytes that an unprivileged process may still write to the file system of `path`."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Settings of an EventStore.

    Below `min_free` bytes the state is NEARLY_FULL and appends still succeed; below `floor_free`
    they are withheld. `queue_batches` and `queue_bytes` bound what waits for the writer,
    `group_batches` and `group_bytes` what one commit takes. `ring_bytes` and `ring_seconds`
    bound the raw records of readings that were not stored; `tail_events` the recent events that
    followers read without going to disk. Real time: every `probe_seconds` a failed disk is tried
    again, every `project_seconds` the roll-ups are written, every `upkeep_seconds` the segments of
    past months are closed and telemetry older than `telemetry_days` (0: never) is dropped by whole
    months.
    `ring` seals what identifies a patient; without one nothing is sealed, which is for tests and
    benchmarks.
    """

    min_free: int = 1024 * _MIB
    floor_free: int = 64 * _MIB
    queue_batches: int = 8192
    queue_bytes: int = 64 * _MIB
    group_batches: int = 512
    group_bytes: int = 8 * _MIB
    ring_bytes: int = 32 * _MIB
    ring_seconds: float = 180.0
    tail_events: int = 8192
    readers: int = 2
    probe_seconds: float = 1.0
    project_seconds: float = 5.0
    upkeep_seconds: float = 3600.0
    telemetry_days: int = 0
    ring: Keyring | None = None
    free_space: Callable[[Path], int] = free_bytes
