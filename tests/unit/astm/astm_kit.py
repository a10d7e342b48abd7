"""Analyzers, frames and lines for the tests of the ASTM driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from drivers.astm import driver_type
from drivers.astm.profile import AstmDevice, AstmLink, AstmProfile
from drivers.astm.transfer import Transfer
from gateway import DeviceEntry, Direction, Instant, LinkEntry, RawId, WireRecord
from gateway.testing import MemoryPorts
from gateway.transport import Tcp, connect

ENQ, EOT, ACK, NAK = b"\x05", b"\x04", b"\x06", b"\x15"
LOOPBACK = "127.0.0.1"
HEADER = rb"H|\^&|||chem-1|||||host||P|LIS2-A2|20261123080000"


def frame(number: int, text: bytes, *, last: bool = True) -> bytes:
    """A frame, written here from the standard so that the codec can't agree with itself."""
    counted = str(number % 8).encode() + text + (b"\x03" if last else b"\x17")
    return b"\x02" + counted + format(sum(counted) % 256, "02X").encode() + b"\r\n"


def frames(*records: bytes) -> list[bytes]:
    """One frame a record."""
    return [frame(number, record + b"\r") for number, record in enumerate(records, 1)]


def result(code: str = "GLU", value: str = "5.50", more: str = "mmol/L|3.9-6.1|N||F") -> bytes:
    return f"R|1|^^^{code}|{value}|{more}||op1||20261123080001".encode()


def message(*results: bytes, sample: str = "S1") -> list[bytes]:
    """The frames of one message."""
    order = f"O|1|{sample}||^^^ALL|R||||||N".encode()
    return frames(HEADER, b"P|1|P77", order, *(results or (result(),)), b"L|1|N")


def profile(**more: Any) -> AstmProfile:
    given = {
        "profile": "chem",
        "driver": "astm",
        "title": "Chem",
        "grade": "derived",
        "source": "these tests",
        "points": {"GLU": {"unit": "mmol/L"}, "ALT": {"unit": "U/L"}},
        "units": {"mmol/l": "mmol/L"},
    }
    return AstmProfile.model_validate({**given, **more})


def device(name: str = "chem", model: AstmProfile | None = None, **options: Any) -> DeviceEntry:
    return DeviceEntry(
        id=name,
        name=name,
        link="lab",
        profile=model or profile(),
        options=AstmDevice(**options),
        interval=1.0,
        zone="Asia/Shanghai",
    )


def link(*devices: DeviceEntry, transport: Any = None, **options: Any) -> LinkEntry:
    return LinkEntry("lab", "astm", AstmLink(**options), transport, devices or (device(),))


def wire(raw_id: int, data: bytes, session: str = "s", at: int = 0) -> WireRecord:
    return WireRecord(RawId(raw_id), "lab", "", Direction.IN, session, Instant(at), data)


def transfer(sent: Iterable[bytes], enquiry: int = 1) -> Transfer:
    """What the journal has of these frames."""
    records = tuple(wire(enquiry + at, data) for at, data in enumerate(sent, 1))
    return Transfer(wire(enquiry, ENQ), records)


class Analyzer:
    """The far end of the line, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> bytes:
        """The next byte of answer."""
        async with asyncio.timeout(10):
            return await self._reader.readexactly(1)

    async def ask(self, *steps: bytes) -> list[bytes]:
        """Send each step and wait for its answer."""
        answers = []
        for step in steps:
            await self.say(step)
            answers.append(await self.answer())
        return answers

    async def send(self, sent: Sequence[bytes]) -> list[bytes]:
        """A whole transfer."""
        answers = await self.ask(ENQ, *sent)
        await self.say(EOT)
        return answers

    def hang_up(self) -> None:
        self._writer.transport.abort()

    async def gone(self) -> None:
        """Wait until its end of the line is closed."""
        self.hang_up()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def on_the_wire(
    entry: LinkEntry | None = None, ports: MemoryPorts | None = None
) -> AsyncIterator[tuple[Analyzer, MemoryPorts, asyncio.Task[None]]]:
    """The driver at work on one TCP connection over loopback, and the analyzer at its other end."""
    calls: asyncio.Queue[Analyzer] = asyncio.Queue()

    async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.put_nowait(Analyzer(reader, writer))

    server = await asyncio.start_server(called, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    memory = ports or MemoryPorts("lab")
    memory._connector = lambda: connect(Tcp(host=LOOPBACK, port=port), memory.tap)
    driver = driver_type.build(entry or link())
    running = asyncio.ensure_future(driver.run(memory))  # type: ignore[union-attr]
    waiting = asyncio.ensure_future(calls.get())
    try:
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        analyzer = waiting.result()
        try:
            yield analyzer, memory, running
        finally:
            await analyzer.gone()
    finally:
        waiting.cancel()
        running.cancel()
        await asyncio.wait({running})
        server.close()


def said(ports: MemoryPorts) -> list[tuple[str, str]]:
    """Code and text of everything published."""
    readings = (reading for each in ports.publications for reading in each.readings)
    return [(reading.code, reading.text) for reading in readings]
