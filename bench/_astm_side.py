"""The processes of `astm_ingest`: analyzers, our receiver, and a bare framer beside it.

`python -m bench._astm_side send PORT CONNECTIONS MESSAGES FRAMES`: prints seconds.
`python -m bench._astm_side bare|ours DIRECTORY`: prints its port, serves until standard input ends,
then prints how many results it has and the CPU seconds that it took, user and system.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import uvloop

from bench.store_load import sealed
from drivers.astm import driver_type
from drivers.astm.profile import AstmDevice, AstmLink, AstmProfile
from gateway.app.serve import spare_collector
from gateway.driver import DeviceEntry, LinkEntry
from gateway.model import Kind, Micros, SystemClock
from gateway.registry import Registry
from gateway.store import EventStore
from gateway.supervisor import Intake, Supervisor, TapHub
from gateway.transport import TcpListen
from tests.peers import LOOPBACK, free_port

RESULTS = 20
_FRAME = re.compile(rb"\x02[^\x02\x03\x17]*[\x03\x17]([0-9A-Fa-f]{2})\r\n")
_ENQ, _EOT, _ACK = b"\x05", b"\x04", b"\x06"


def messages(line: int, count: int, frames: int) -> list[list[bytes]]:
    """`count` messages of 20 results, as what is sent before each ACK, ENQ first."""
    return [_message(line, number, frames) for number in range(count)]


def _message(line: int, number: int, frames: int) -> list[bytes]:
    at = time.strftime("%Y%m%d%H%M%S", time.localtime(time.time() - 3600 + number))
    records = [
        b"H|\\^&|||chem-%d|||||host||P|LIS2-A2|%s\r" % (line, at.encode()),
        b"P|1||PID%06d||Wang^Li||19700101|F\r" % number,
        b"O|1|S%04d-%06d||^^^ALL|R||||||N||||Serum||||||||||F\r" % (line, number),
        *(
            b"R|%d|^^^T%02d|%d.%02d|mmol/L|3.90 to 6.10|N||F||op1||%s|chem\r"
            % (n, n, 4 + n % 3, (number + n) % 100, at.encode())
            for n in range(1, RESULTS + 1)
        ),
        b"L|1|N\r",
    ]
    texts = records if frames > 1 else [b"".join(records)]
    return [_ENQ, *(_frame(n, text) for n, text in enumerate(texts, 1))]


def _frame(number: int, text: bytes) -> bytes:
    counted = b"%d%s\x03" % (number % 8, text)
    return b"\x02%s%02X\r\n" % (counted, sum(counted) & 0xFF)


class _Analyzer(asyncio.Protocol):
    """Sends its messages, one frame an ACK; the last ENQ sees everything before it settled."""

    def __init__(self, sent: Sequence[list[bytes]]) -> None:
        self._steps = iter([step for message in sent for step in [*message, _EOT]] + [_ENQ, b""])
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if data != _ACK:
            self.done.set_exception(RuntimeError(f"the receiver answered {data!r}"))
            return
        self.go_on()

    def go_on(self) -> None:
        step = next(self._steps)
        if step == _EOT:
            step += next(self._steps)
        if step:
            self._transport.write(step)  # type: ignore[attr-defined]
        else:
            self.done.set_result(None)


async def send(port: int, connections: int, count: int, frames: int) -> None:
    analyzers = [_Analyzer(messages(line, count, frames)) for line in range(connections)]
    for analyzer in analyzers:
        await asyncio.get_running_loop().create_connection(partial(_same, analyzer), LOOPBACK, port)
    begun = time.perf_counter()
    for analyzer in analyzers:
        analyzer.go_on()
    await asyncio.gather(*(analyzer.done for analyzer in analyzers))
    print(time.perf_counter() - begun)


def _same(analyzer: _Analyzer) -> _Analyzer:
    return analyzer


class _Framer(asyncio.Protocol):
    """The least a receiver can do: find a frame, count its checksum, acknowledge, forget."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer:
            if self._buffer[:1] in {_ENQ, _EOT}:
                answer = _ACK if self._buffer[:1] == _ENQ else b""
                self._buffer = self._buffer[1:]
            else:
                match = _FRAME.match(self._buffer)
                if match is None:
                    return
                good = sum(match[0][1:-4]) & 0xFF == int(match[1], 16)
                answer = _ACK if good else b"\x15"
                self._buffer = self._buffer[match.end() :]
            if answer:
                self._transport.write(answer)  # type: ignore[attr-defined]


@asynccontextmanager
async def bare(_directory: Path) -> AsyncIterator[tuple[int, None]]:
    server = await asyncio.get_running_loop().create_server(_Framer, LOOPBACK, 0)
    async with server:
        yield server.sockets[0].getsockname()[1], None


@asynccontextmanager
async def ours(directory: Path) -> AsyncIterator[tuple[int, EventStore]]:
    port = free_port()
    clock = SystemClock()
    async with EventStore.open(directory, sealed(), clock) as store:
        registry, taps = Registry(), TapHub(clock)
        intake = Intake("bench", store, registry, clock, Micros(60_000_000))
        supervisor = Supervisor({"astm": driver_type}, intake, registry, taps)
        async with supervisor.running([_link(port)]):
            while supervisor.links()[0].state != "up":  # noqa: ASYNC110 - it tells no changes
                await asyncio.sleep(0.01)
            spare_collector()
            yield port, store


def _link(port: int) -> LinkEntry:
    profile = AstmProfile.model_validate(
        {
            "profile": "bench",
            "driver": "astm",
            "title": "Bench",
            "grade": "derived",
            "source": "this benchmark",
            "points": {f"T{n:02}": {"unit": "mmol/L"} for n in range(1, RESULTS + 1)},
        }
    )
    devices = tuple(
        DeviceEntry(f"chem-{n}", "", "lab", profile, AstmDevice(sender=f"chem-{n}"), 1.0)
        for n in range(64)
    )
    transport = TcpListen(host=LOOPBACK, port=port)
    return LinkEntry("lab", "astm", AstmLink(), transport, devices)


async def serve(role: str, directory: Path) -> None:
    opened = ours(directory) if role == "ours" else bare(directory)
    async with opened as (port, store):
        print(port, flush=True)
        begun = os.times()
        await asyncio.to_thread(sys.stdin.read)
        ended = os.times()
        count = await _stored(store) if store else 0
        print(count, ended.user - begun.user, ended.system - begun.system, flush=True)


async def _stored(store: EventStore) -> int:
    count, after = 0, 0
    while events := await store.events(after=after, limit=10_000, kinds=[Kind.RESULT]):
        count, after = count + len(events), events[-1].seq
    return count


def main(arguments: Sequence[str]) -> None:
    role, *rest = arguments
    if role == "send":
        port, connections, count, frames = map(int, rest)
        work = send(port, connections, count, frames)
    else:
        work = serve(role, Path(rest[0]))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main(sys.argv[1:])
