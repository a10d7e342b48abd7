"""Programs and processes that tests meet: real peers, free ports, a private broker."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

LOOPBACK = "127.0.0.1"

Say: TypeAlias = Callable[[str], None]
"""Puts a figure or a seed into the run's summary, whether the test passes or not."""
_POLL = 0.02

MOSQUITTO_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {home}/
max_queued_messages 0
max_inflight_messages 200
log_type none
"""


def peers_required() -> bool:
    """Whether a missing program fails the run (`.ci/run`) or skips a test (a person's machine)."""
    return os.environ.get("ISOGATE_REQUIRE_PEERS") == "1"


def full_run() -> bool:
    """Whether `make test-full` asked for full counts."""
    return os.environ.get("ISOGATE_FULL") == "1"


def count(quick: int, full: int) -> int:
    """How often to repeat: `full` times under `make test-full`, else `quick` times."""
    return full if full_run() else quick


def require_peer(program: str) -> Path:
    """Path of an installed program; without it the test skips, or fails if peers are required."""
    # An activated environment hides DCMTK's programs behind pynetdicom's of the same names.
    system = [each for each in os.get_exec_path() if not (Path(each) / "../pyvenv.cfg").exists()]
    found = shutil.which(program, path=os.pathsep.join([*system, "/usr/sbin", "/usr/local/sbin"]))
    found = found or shutil.which(program)
    if found is not None:
        return Path(found)
    message = f"{program} is not installed: run tools/ensure_peers.sh as root"
    if peers_required():
        pytest.fail(message, pytrace=False)
    pytest.skip(f"NOT TESTED, {message}")


def require_file(path: Path) -> Path:
    """A file that a program brings; without it the test skips, or fails if peers are required."""
    if path.exists():
        return path
    message = f"{path} is not installed: run tools/ensure_peers.sh as root"
    if peers_required():
        pytest.fail(message, pytrace=False)
    pytest.skip(f"NOT TESTED, {message}")


def require_root(purpose: str) -> None:
    """Skip (or fail, where peers are required) a test that only root can run."""
    if os.geteuid() == 0:
        return
    message = f"{purpose} needs root"
    if peers_required():
        pytest.fail(message, pytrace=False)
    pytest.skip(f"NOT TESTED, {message}")


def free_port() -> int:
    """A free loopback TCP port, below those that outgoing connections take."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.create_server((LOOPBACK, port)):
            return port
    raise OSError("no free port from 20000 to 32000")


def wait_until(done: Callable[[], bool], *, within: float, what: str) -> float:
    """Poll until `done()`; return the seconds it took, TimeoutError naming `what` if too long."""
    begun = time.monotonic()
    while not done():
        if time.monotonic() - begun > within:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(_POLL)
    return time.monotonic() - begun


def port_answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    grace: float = 10.0,
    user: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in its own process group for the block; nothing of it outlives the block.

    `user` is who runs it, without any group of ours.
    """
    environment = {**os.environ, **(env or {})}
    output = log.open("ab") if log is not None else None
    try:
        with subprocess.Popen(
            [str(part) for part in command],
            env=environment,
            cwd=cwd,
            stdin=stdin,
            stdout=output or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        ) as process:
            try:
                yield process
            finally:
                stop(process, grace=grace)
    finally:
        if output is not None:
            output.close()


def stop(process: subprocess.Popen[bytes], *, grace: float = 10.0) -> int:
    """Terminate a process that `running` started, kill it after `grace` seconds; its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
    code = process.wait()
    _kill_group(process.pid)
    return code


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


@dataclass(frozen=True, slots=True)
class Broker:
    """A private Mosquitto. Its queues have no limit, so that nothing is dropped behind a test."""

    port: int
    host: str = LOOPBACK


@contextmanager
def mosquitto(home: Path, *, port: int | None = None, extra: str = "") -> Iterator[Broker]:
    """A Mosquitto of our own on loopback, keeping its state in `home`."""
    program = require_peer("mosquitto")
    chosen = port or free_port()
    home.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        extra = f"user root\n{extra}"
    config = home / "mosquitto.conf"
    config.write_text(MOSQUITTO_CONFIG.format(port=chosen, home=home) + extra)
    with running([program, "-c", config], log=home / "mosquitto.log"):
        wait_until(lambda: port_answers(chosen), within=10, what="Mosquitto")
        yield Broker(chosen)


@asynccontextmanager
async def mosquitto_beside(home: Path, *, extra: str = "") -> AsyncIterator[Broker]:
    """`mosquitto` for asynchronous tests: start and stop do not hold the loop."""
    context = mosquitto(home, extra=extra)
    broker = await asyncio.to_thread(context.__enter__)
    try:
        yield broker
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
