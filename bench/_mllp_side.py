"""The receiving side of the MLLP benchmark in a process of its own.

`ours` is the gateway without its pages; `bare` answers AA to every frame and keeps nothing. Either
prints its port, and for the first line on stdin, when each sample's last result reached a
follower of the event stream.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import uvloop
import yaml

from gateway.app.serve import ServeOptions, open_gateway, spare_collector
from gateway.store import EventStore

_END = b"\x1c\r"
_ACK = b"\x0bMSH|^~\\&|||||20261123160436||ACK^R01|1|P|2.3.1\rMSA|AA|1\r\x1c\r"


async def ours(port: int) -> None:
    """Driver, engine, normalizer and durable store, and a follower of the events."""
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        file = Path(folder) / "devices.yaml"
        file.write_text(yaml.safe_dump(site(port), allow_unicode=True))
        async with open_gateway(ServeOptions(file, Path(folder) / "data")) as gateway:
            spare_collector()
            seen: dict[str, float] = {}
            following = asyncio.create_task(_follow(gateway.store, seen))
            await _until_told(port, seen)
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


async def bare(port: int) -> None:
    """The least that an acknowledger can do."""
    server = await asyncio.get_running_loop().create_server(_Bare, "127.0.0.1", port)
    await _until_told(port, {})
    server.close()


class _Bare(asyncio.Protocol):
    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        *frames, self._rest = (self._rest + data).split(_END)
        self._transport.write(_ACK * len(frames))


async def _follow(store: EventStore, seen: dict[str, float]) -> None:
    async for events in store.follow(store.last_seq):
        at = time.monotonic()
        for event in events:
            if event.subject is not None:
                seen[event.subject.specimen] = at


async def _until_told(port: int, seen: dict[str, float]) -> None:
    print(json.dumps(port), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(seen), flush=True)
        seen.clear()


def site(port: int) -> dict[str, Any]:
    """A devices.yaml with one analyzer that calls us."""
    transport = {"type": "tcp-listen", "port": port, "connections": 64}
    return {
        "site": {"id": "bench", "name": "Bench", "time_zone": "Asia/Shanghai"},
        "links": {"analyzers": {"driver": "hl7", "transport": transport}},
        "devices": {
            "analyzer": {
                "name": "Analyzer",
                "profile": "hematology-analyzer-hl7",
                "link": "analyzers",
            }
        },
    }


def main(side: str, port: str) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run({"ours": ours, "bare": bare}[side](int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
