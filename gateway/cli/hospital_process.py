"""The simulators in a process of their own, for as long as a demo lasts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import IO, cast

import orjson

from gateway.errors import IsogateError

_PATIENCE = 20.0
_GRACE = 5.0


@contextmanager
def hospital(
    ports: Mapping[str, int], data: Path, papers: Path
) -> Iterator[Mapping[str, int | str]]:
    """Start the simulators on these ports; yields where each link finds them.

    The simulated staff learns from the file `papers`, once it is there, how to call patients.

    They have a session of their own, so that Ctrl-C reaches the gateway first, and they end by
    themselves when this process does, however it ends.
    """
    command = [sys.executable, "-m", "gateway", "simulate", "--with-parent", f"--data={data}"]
    command.append(f"--staff={papers.absolute()}")
    command += [f"--port={name}={port}" for name, port in ports.items()]
    with subprocess.Popen(  # noqa: S603 - our own interpreter with our own words
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            ready = _ready(cast("IO[bytes]", process.stdout))
            yield {**ready["ports"], **ready["lines"]}
        finally:
            _stop(process)


def _ready(output: IO[bytes]) -> Mapping[str, Mapping[str, int | str]]:
    with DefaultSelector() as selector:
        selector.register(output, EVENT_READ)
        line = output.readline() if selector.select(_PATIENCE) else b""
    if not line:
        raise IsogateError("the simulators did not start; their own words stand above")
    ready: Mapping[str, Mapping[str, int | str]] = orjson.loads(line)
    return ready


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
