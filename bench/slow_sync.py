"""A slow disk: a preloaded shim that adds milliseconds to every sync of a process."""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "tools" / "slowsync.c"
VARIABLE = "ISOGATE_SLOW_SYNC_MS"


class ShimError(Exception):
    """The shim can't be built, or is loaded and adds nothing."""


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "isogate"


def build() -> Path:
    """Compile the shim unless this very source is compiled already; the shared object."""
    source = SOURCE.read_bytes()
    target = _cache() / f"slowsync-{hashlib.sha256(source).hexdigest()[:16]}.so"
    if target.exists():
        return target
    compiler = shutil.which("cc")
    if compiler is None:
        raise ShimError("no C compiler: install gcc and libc6-dev (tools/ensure_peers.sh)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        fresh = Path(scratch) / target.name
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-o", fresh, SOURCE, "-ldl"], check=True
        )
        fresh.replace(target)
    return target


def environment(milliseconds: float) -> dict[str, str]:
    """What a child's environment needs besides ours so that its syncs are slow."""
    loaded = os.environ.get("LD_PRELOAD", "")
    return {
        "LD_PRELOAD": f"{build()} {loaded}".strip(),
        VARIABLE: f"{milliseconds:g}",
    }


def requested() -> float:
    """Milliseconds that this process was started with; 0 without the shim."""
    return float(os.environ.get(VARIABLE, "0"))


def measure(calls: int = 5) -> float:
    """Median milliseconds of one fsync in this process."""
    with tempfile.TemporaryFile() as file:
        times = []
        for _ in range(calls):
            file.write(b"x")
            file.flush()
            begun = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def verify(milliseconds: float) -> float:
    """Measured milliseconds of one fsync; ShimError if that is less than was asked for."""
    measured = measure()
    if measured < milliseconds:
        raise ShimError(f"an fsync takes {measured:.2f} ms: the shim of {milliseconds:g} ms is off")
    return measured
