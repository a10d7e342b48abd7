"""Reload of one device of many, against stopping and starting the whole gateway.

A gateway process polls meters at 1 Hz, each on a link of its own. One link then moves to another
port: by `reload` (five times; the worst counts), and by SIGTERM and a new start. A stream of every
reading shows when the moved device is back, and how many polls the others missed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from bench.case import Case, Options
from simulators.modbus.clock import SimClock
from simulators.modbus.meter import Meter
from simulators.modbus.server import Endpoint
from tests.peers import LOOPBACK, free_port

_INTERVAL = 1.0
_MOVED = "meter-000"
_PATIENCE = 60.0
_STEADY = 5.0
_UNIT = 1


async def run(options: Options) -> Sequence[Case]:
    """Goals: back within 1 s, and no poll of another device missed."""
    meters = 5 if options.smoke else 100
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="isogate-bench-"))
        ports = [await stack.enter_async_context(_meter(number)) for number in range(meters + 1)]
        trial = Trial(Path(folder), ports[:-1], spare=ports[-1], http=free_port())
        ours, peer = await _both(trial, rounds=1 if options.smoke else 5)
    return _cases(meters, ours, peer)


@asynccontextmanager
async def _meter(number: int) -> AsyncIterator[int]:
    """A simulated meter with a port of its own."""
    endpoint = Endpoint("rtu", {_UNIT: Meter(f"meter-{number}", 50.0)}, SimClock())
    async with endpoint.serve(LOOPBACK):
        yield endpoint.port


@dataclass(frozen=True, slots=True)
class Outcome:
    """`back`: seconds until the moved device had a new value. `missed`: polls of the others."""

    back: float
    missed: int


@dataclass(slots=True)
class Trial:
    """One site on disk, and what is heard of its devices."""

    home: Path
    ports: Sequence[int]
    spare: int
    http: int
    heard: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def client(self, timeout: httpx.Timeout) -> httpx.AsyncClient:
        """As the gateway's owner, through its socket."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.home / "data" / "control.sock"))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=timeout)

    def write(self, *, moved: bool) -> None:
        """devices.yaml; `moved` puts the first meter on the spare port."""
        ports = [self.spare if moved else self.ports[0], *self.ports[1:]]
        by_name = {f"meter-{number:03}": port for number, port in enumerate(ports)}
        site = {
            "site": {"id": "bench", "name": "Bench", "time_zone": "Asia/Shanghai"},
            "listeners": {"http": {"port": self.http}},
            "profiles": {"bench-voltage": _PROFILE},
            "links": {name: _link(port) for name, port in by_name.items()},
            "devices": {
                name: {"link": name, "profile": "bench-voltage", "unit": _UNIT} for name in by_name
            },
        }
        (self.home / "devices.yaml").write_text(json.dumps(site))

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "run", str(self.home / "devices.yaml")),
            *("--data", str(self.home / "data")),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            _, words = await process.communicate()
            if process.returncode:
                raise RuntimeError(words.decode())

    async def listen(self) -> None:
        """Note the time of every reading, again and again when the gateway goes away."""
        timeout = httpx.Timeout(5, read=None)
        async with self.client(timeout) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    await self._follow(client)
                await asyncio.sleep(0.01)

    async def _follow(self, client: httpx.AsyncClient) -> None:
        query = {"topics": "latest"}
        async with client.stream("GET", "/api/v1/stream", params=query) as response:
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    self._note(json.loads(line.removeprefix("data:")))

    def _note(self, data: Any) -> None:
        now = time.monotonic()
        for value in data if isinstance(data, list) else [data]:
            if value["code"] == "voltage_l1" and value["quality"] == "good":
                self.heard[value["device"]].append(now)
                self._news.set()

    async def settled(self) -> None:
        """Wait until every device has been heard of for some seconds."""
        async with asyncio.timeout(_PATIENCE):
            while len(self.heard) < len(self.ports):
                await self._more()
        await asyncio.sleep(_STEADY)

    async def heard_after(self, device: str, begun: float) -> float:
        """When a device was first heard of after `begun`."""
        async with asyncio.timeout(_PATIENCE):
            while not (times := self.heard[device]) or times[-1] < begun:
                await self._more()
        return next(at for at in times if at >= begun)

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()

    def missed(self, begun: float, ended: float) -> int:
        """Polls that the other devices should have had between two moments, and had not."""
        return sum(
            _missed_polls([at for at in times if begun - _STEADY <= at <= ended])
            for device, times in self.heard.items()
            if device != _MOVED
        )


_PROFILE = {
    "driver": "modbus",
    "title": "One voltage",
    "grade": "derived",
    "source": "this benchmark",
    "table": "input",
    "type": "float32",
    "first": 30001,
    "interval": _INTERVAL,
    "points": {"voltage_l1": {"at": 30001, "unit": "V"}},
}


def _link(port: int) -> dict[str, Any]:
    transport = {"type": "tcp", "host": LOOPBACK, "port": port}
    return {"driver": "modbus", "framing": "rtu", "transport": transport}


async def _both(trial: Trial, rounds: int) -> tuple[Outcome, Outcome]:
    trial.write(moved=False)
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(trial.listen(), name="listen")
        async with trial.gateway():
            await trial.settled()
            outcomes = [await _reloaded(trial, moved=turn % 2 == 0) for turn in range(rounds)]
            begun = time.monotonic()
        stopped = time.monotonic()
        async with trial.gateway():
            peer = await _outcome(trial, begun, stopped)
        listening.cancel()
    worst = Outcome(max(each.back for each in outcomes), sum(each.missed for each in outcomes))
    return worst, peer


async def _reload(trial: Trial) -> None:
    async with trial.client(httpx.Timeout(_PATIENCE)) as client:
        (await client.post("/api/v1/reload")).raise_for_status()


async def _reloaded(trial: Trial, *, moved: bool) -> Outcome:
    trial.write(moved=moved)
    begun = time.monotonic()
    await _reload(trial)
    return await _outcome(trial, begun, begun)


async def _outcome(trial: Trial, begun: float, changed: float) -> Outcome:
    """From `begun` on; a reading counts as new after `changed`."""
    back = await trial.heard_after(_MOVED, changed) - begun
    await asyncio.sleep(_STEADY)
    return Outcome(back, trial.missed(begun, time.monotonic()))


def _missed_polls(times: Sequence[float]) -> int:
    return sum(
        max(0, round((later - earlier) / _INTERVAL) - 1) for earlier, later in pairwise(times)
    )


def _cases(meters: int, ours: Outcome, peer: Outcome) -> list[Case]:
    size = f"{meters} links with one meter each at {1 / _INTERVAL:g} Hz"
    restart = "stop and start of the whole gateway"
    return [
        Case(
            name="reload",
            case="moved device has a value again",
            ours=ours.back,
            unit="s",
            better="lower",
            goal=1.0,
            size=size,
            durable=False,
        ),
        Case(
            name="reload",
            case="the same beside a restart",
            ours=ours.back,
            peer=peer.back,
            peer_name=restart,
            unit="s",
            better="lower",
            size=size,
            durable=False,
        ),
        Case(
            name="reload",
            case="polls that the other devices missed",
            ours=ours.missed,
            peer=peer.missed,
            peer_name=restart,
            unit="polls",
            better="lower",
            goal=0.0,
            size=size,
            durable=False,
        ),
    ]
