"""Associations: set-up, echo, a burst, and hundreds held, beside Orthanc; by a sender of few words.

The caller is not our own requestor but prepared PDUs over blocking sockets.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench._dicom_sender import receive
from bench._dicom_side import Server, servers
from bench.case import Case, Options
from dicom.dimse import Command, Operation, Wanted
from dicom.dimse.command import encode as encode_command
from dicom.upper.negotiate import propose
from dicom.upper.pdata import fragments
from dicom.upper.pdu import PduType, ReleaseRq, encode
from tests.peers import LOOPBACK

_VERIFICATION = "1.2.840.10008.1.1"
_ECHO = b"".join(
    fragments(
        1, encode_command(Command(Operation.C_ECHO, 1, sop_class=_VERIFICATION)), 0, command=True
    )
)
_BURST = 100
_HELD = 500


async def run(options: Options) -> Sequence[Case]:
    """Rounds in turn; medians count. Idle CPU is that of the whole gateway."""
    rounds = 1 if options.smoke else 5
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        async with servers(Path(folder)) as found:
            return await asyncio.to_thread(_measure, found, rounds, smoke=options.smoke)


def _measure(found: dict[str, Server], rounds: int, *, smoke: bool) -> list[Case]:
    times = 5 if smoke else 200
    setups = _each(found, rounds, lambda server: _setup(server, times))
    echoes = _each(found, rounds, lambda server: _echo(server, 5 * times))
    bursts = _each(found, rounds, lambda server: _burst(server, _BURST))
    held = 20 if smoke else _HELD
    idle, alive = _idle(found["ours"], held, 1 if smoke else 5)
    return [
        _case("set-up and release", setups, "ms", None),
        _goal("set-up and release, limit", setups["ours"], "ms", 5),
        _case("C-ECHO", echoes, "ms", 1.0),
        _goal(f"a burst of {_BURST}, all open at once", bursts["ours"] / 1000, "s", 1),
        _goal(f"{held} held: CPU of a core", idle * 100, "%", 3),
        _goal(f"{held} held: associations that do not answer an echo", held - alive, "", 0),
    ]


def _each(
    found: dict[str, Server], rounds: int, measure: Callable[[Server], float]
) -> dict[str, float]:
    """Milliseconds of ours and Orthanc's, the median round of each."""
    took: dict[str, list[float]] = {"ours": [], "orthanc": []}
    for number in range(rounds + 1):
        for name, each in took.items():
            milliseconds = 1000 * measure(found[name])
            if number or rounds == 1:
                each.append(milliseconds)
    return {name: statistics.median(each) for name, each in took.items()}


@contextmanager
def _opened(server: Server) -> Iterator[socket.socket]:
    sock = _ask(server)
    with sock:
        _accepted(sock)
        yield sock


def _ask(server: Server) -> socket.socket:
    sock = socket.create_connection((LOOPBACK, server.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(encode(propose(server.title, "BENCH", [Wanted(_VERIFICATION)], 16_384)))
    return sock


def _accepted(sock: socket.socket) -> None:
    kind, body = receive(sock)
    if kind != PduType.ASSOCIATE_AC:
        raise RuntimeError(f"refused: {kind} {body!r}")


def _setup(server: Server, times: int) -> float:
    """Seconds of one association: connect, request, accept, release."""
    begun = time.monotonic()
    for _ in range(times):
        with _opened(server) as sock:
            sock.sendall(encode(ReleaseRq()))
            receive(sock)
    return (time.monotonic() - begun) / times


def _echo(server: Server, times: int) -> float:
    with _opened(server) as sock:
        begun = time.monotonic()
        for _ in range(times):
            sock.sendall(_ECHO)
            receive(sock)
        return (time.monotonic() - begun) / times


def _burst(server: Server, count: int) -> float:
    """Seconds until so many, asked for at once, are all open."""
    begun = time.monotonic()
    sockets = [_ask(server) for _ in range(count)]
    try:
        with selectors.DefaultSelector() as waiting:
            for sock in sockets:
                waiting.register(sock, selectors.EVENT_READ)
            while waiting.get_map():
                for key, _ in waiting.select():
                    _accepted(key.fileobj)  # type: ignore[arg-type]
                    waiting.unregister(key.fileobj)
        return time.monotonic() - begun
    finally:
        for sock in sockets:
            sock.close()


def _idle(server: Server, count: int, seconds: float) -> tuple[float, int]:
    """Share of a core while associations are held, and how many answer an echo then."""
    sockets = [_ask(server) for _ in range(count)]
    try:
        for sock in sockets:
            _accepted(sock)
        time.sleep(0.5)
        before = _cpu(server.pid)
        time.sleep(seconds)
        used = (_cpu(server.pid) - before) / seconds
        return used, sum(map(_answers, sockets))
    finally:
        for sock in sockets:
            sock.close()


def _answers(sock: socket.socket) -> bool:
    try:
        sock.sendall(_ECHO)
        return receive(sock)[0] == PduType.DATA
    except ConnectionError:
        return False


def _cpu(pid: int) -> float:
    """Seconds of CPU of a process, from the scheduler's own count of each thread."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _case(what: str, took: dict[str, float], unit: str, goal: float | None) -> Case:
    return Case(
        name="associations",
        case=what,
        ours=took["ours"],
        peer=took["orthanc"],
        peer_name="Orthanc",
        unit=unit,
        better="lower",
        goal=goal,
        size="one presentation context",
        durable=False,
    )


def _goal(what: str, ours: float, unit: str, goal: float) -> Case:
    return Case(
        name="associations",
        case=what,
        ours=ours,
        unit=unit,
        better="lower",
        goal=goal,
        size="one presentation context",
        durable=False,
    )
