"""`python -m bench NAME… [--json] [--smoke] [--slow-sync[=MS]]`: every benchmark beside its peer.

Exit codes: 0 all ran, 1 a benchmark crashed, 2 unknown name or wrong use. A goal that is missed
is said, and is no failure. Several benchmarks run each in a process of its own, on the event loop
that the gateway runs on.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

import uvloop

import bench
from bench import slow_sync
from bench.case import Bench, Case, Options
from bench.report import json_line, text

DEFAULT_SLOW_SYNC = 8.0


def names() -> list[str]:
    """Every module of this folder that holds a benchmark; what only helps has no `run`."""
    files = Path(bench.__file__).parent.glob("*.py")
    return sorted(file.stem for file in files if "\nasync def run(" in file.read_text())


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(names())}")
    parser.add_argument("--json", action="store_true", help="one JSON object a case")
    parser.add_argument("--smoke", action="store_true", help="see that it runs; judge nothing")
    parser.add_argument(
        "--slow-sync",
        type=float,
        default=0.0,
        metavar="MS",
        help=f"add MS (default {DEFAULT_SLOW_SYNC:g}) milliseconds to every fsync",
    )
    bare = f"--slow-sync={DEFAULT_SLOW_SYNC:g}"
    chosen = parser.parse_args([bare if word == "--slow-sync" else word for word in argv])
    unknown = sorted(set(chosen.names) - set(names()))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}")
    return chosen


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _restart_slow(milliseconds: float) -> None:
    """Replace this process by one with slow syncs, unless it is that one; say what was measured."""
    if slow_sync.requested() == milliseconds:
        measured = slow_sync.verify(milliseconds)
        say(f"slow sync is on: an fsync takes {measured:.1f} ms ({milliseconds:g} ms added)")
        return
    environment = {**os.environ, **slow_sync.environment(milliseconds)}
    os.execve(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]], environment)  # noqa: S606


async def _cases(module: ModuleType, options: Options) -> Sequence[Case]:
    return await cast("Bench", module.run)(options)


def _run_one(module: ModuleType, chosen: argparse.Namespace) -> None:
    options = Options(smoke=chosen.smoke, slow_sync=chosen.slow_sync)
    judge = not options.smoke
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        cases = runner.run(_cases(module, options))
    for case in cases:
        print(json_line(case, judge=judge) if chosen.json else text(case, judge=judge), flush=True)


def _run_each(chosen: argparse.Namespace) -> int:
    flags = [
        *(["--json"] if chosen.json else []),
        *(["--smoke"] if chosen.smoke else []),
        *([f"--slow-sync={chosen.slow_sync:g}"] if chosen.slow_sync else []),
    ]
    crashed = []
    for name in chosen.names or names():
        say(f"bench {name}")
        if subprocess.run([sys.executable, "-m", "bench", name, *flags], check=False).returncode:
            crashed.append(name)
    if crashed:
        say(f"crashed: {', '.join(crashed)}")
    return 1 if crashed else 0


def main(argv: Sequence[str]) -> int:
    chosen = arguments(argv)
    if len(chosen.names) != 1:
        return _run_each(chosen)
    if chosen.slow_sync:
        _restart_slow(chosen.slow_sync)
    module = importlib.import_module(f"bench.{chosen.names[0]}")
    _run_one(module, chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
