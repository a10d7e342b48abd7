"""The driver against the simulated devices, over TCP."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from drivers.line.driver import LineDriver
from gateway import Connection, Tcp
from gateway.testing import MemoryPorts
from gateway.transport import connect
from simulators.line import LineServer, barcodes, cards, weights
from tests.unit.line.test_line_transcripts import link, shipped

LINES = 200


@pytest.mark.parametrize("glue", [False, True])
@pytest.mark.parametrize(
    ("name", "lines"),
    [("scale", weights), ("barcode-reader", barcodes), ("id-card-reader", cards)],
)
async def test_every_line_is_an_event(
    name: str,
    lines: Callable[[random.Random], Iterator[bytes]],
    glue: bool,  # noqa: FBT001
) -> None:
    chance = random.Random(3)
    said = [line for line, _ in zip(lines(chance), range(LINES), strict=False)]
    server = LineServer(iter(said), rate=10_000, glue=glue, chance=chance)
    async with server.serving() as port:

        @asynccontextmanager
        async def opened() -> AsyncIterator[Connection]:
            transport = Tcp(host="127.0.0.1", port=port)
            async with connect(transport, lambda _direction, _data: None) as connection:
                yield connection

        ports = MemoryPorts(connector=opened)
        with pytest.raises(ConnectionError):
            await LineDriver(link(shipped(name))).run(ports)
    heard = sum(len(each.readings) for each in ports.publications)
    assert (heard, ports.quarantine_list) == (LINES, [])
