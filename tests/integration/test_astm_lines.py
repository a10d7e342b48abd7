"""Analyzers on real lines and the whole engine: paced ptys, TCP in both roles, RFC 2217."""

from __future__ import annotations

import asyncio
import os
import pty
import random
import tty
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import serial  # type: ignore[import-untyped]
import yaml
from serial.rfc2217 import (  # type: ignore[import-untyped]
    SET_LINESTATE_MASK,
    SET_MODEMSTATE_MASK,
    PortManager,
)

from drivers.astm import driver_type
from drivers.astm.profile import AstmProfile
from gateway import LinkEntry, QuarantineReason
from gateway.driver import DeviceEntry
from gateway.model import DeviceEvent, Kind, Micros, SystemClock
from gateway.registry import Registry
from gateway.store import EventStore, StoreOptions
from gateway.store.options import free_bytes
from gateway.supervisor import Intake, Supervisor, TapHub
from gateway.transport import Rfc2217, Serial, Tcp, TcpListen, connect
from simulators.astm import (
    Fault,
    PtyPlace,
    Sample,
    TcpClientPlace,
    TcpServerPlace,
    astm_analyzer,
    astm_hospital,
    chemistry_message,
)
from simulators.astm import Kind as Wrong
from simulators.astm.sender import Timers
from tests.peers import LOOPBACK, free_port
from tests.unit.astm.astm_kit import device, link

SERVER = 100
"""Added to a command's code in the server's answer (RFC 2217, 2)."""

QUICK = Timers(answer=2.0, after_nak=0.02)
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def chemistry() -> DeviceEntry:
    text = (driver_type.home / "profiles" / "chemistry-analyzer-astm.yaml").read_text("utf-8")
    return device("chem", AstmProfile.model_validate(yaml.safe_load(text)))


def message(sample: str, tests: int = 17) -> Sequence[str]:
    records = chemistry_message(Sample(sample, "P1", "王伟"), AT, random.Random(sample))
    return [*records[: 3 + tests], records[-1]]


@asynccontextmanager
async def gateway(
    folder: Path, entry: LinkEntry, disk: Callable[[Path], int] = free_bytes
) -> AsyncIterator[EventStore]:
    """Store, intake and supervisor with one link."""
    clock = SystemClock()
    options = StoreOptions(probe_seconds=0.01, free_space=disk)
    async with EventStore.open(folder / "store", options, clock) as store:
        registry, taps = Registry(), TapHub(clock)
        intake = Intake("site", store, registry, clock, Micros(60_000_000))
        supervisor = Supervisor({"astm": driver_type}, intake, registry, taps)
        async with supervisor.running([entry]):
            yield store


async def results(store: EventStore, count: int) -> list[DeviceEvent]:
    """Follow until there are `count` results."""
    found: list[DeviceEvent] = []
    async with asyncio.timeout(60):
        async for events in store.follow(0):
            found += [event for event in events if event.kind is Kind.RESULT]
            if len(found) >= count:
                break
    return found


def samples(found: Sequence[DeviceEvent]) -> list[str]:
    named = [event.subject.specimen for event in found if event.subject]
    return list(dict.fromkeys(named))


async def test_an_analyzer_on_a_line_of_9600_baud(tmp_path: Path) -> None:
    place = PtyPlace(9600, tmp_path / "line")
    async with place.open(), gateway(tmp_path, on_line(place)) as store:
        async with astm_analyzer(place, timers=QUICK) as analyzer:
            outcome = await analyzer.send(message("S1", tests=4), "S1")
            found = await results(store, 4)
        assert outcome.naks == 0
        assert (samples(found), analyzer.log.delivered) == (["S1"], ["S1"])
        assert (found[0].payload or {})["P-6"] == "王伟"


async def test_the_plug_is_pulled_in_the_middle_of_a_frame(tmp_path: Path) -> None:
    """What was acknowledged before waits as incomplete; sent again it arrives once."""
    place = PtyPlace(9600)
    async with (
        place.open(),
        gateway(tmp_path, on_line(place, gap=0.2, silence=0.5)) as store,
    ):
        async with astm_analyzer(place, timers=QUICK) as analyzer:
            analyzer.fault(Fault(Wrong.UNPLUG, times=1))
            await analyzer.send(message("S1", tests=4), "S1")
            found = await results(store, 4)
        assert samples(found) == ["S1"]
        assert len(found) == 4
        assert [each.entry.reason for each in await store.quarantine()] == [
            QuarantineReason.INCOMPLETE
        ]


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        (Wrong.BAD_CHECKSUM, {}),
        (Wrong.WRONG_NUMBER, {}),
        (Wrong.SKIPPED_NUMBER, {"times": 1}),
        (Wrong.REPEATED, {}),
        (Wrong.SPLIT, {}),
        (Wrong.GLUED, {}),
        (Wrong.ENQ, {"times": 1}),
        (Wrong.SILENCE, {"times": 1, "seconds": 0.3}),
        (Wrong.HALF_OPEN, {"times": 1, "seconds": 0.1}),
        (Wrong.UNPLUG, {"times": 1}),
        (Wrong.DUPLICATE, {"times": 1}),
        (Wrong.NOISE, {}),
    ],
)
@pytest.mark.parametrize("role", ["calls", "is-called"])
async def test_whatever_goes_wrong_each_result_arrives_once(
    tmp_path: Path, role: str, kind: Wrong, details: dict[str, Any]
) -> None:
    async with tcp(role) as (place, transport):
        entry = link(chemistry(), transport=transport, gap=0.1, silence=1.0)
        async with gateway(tmp_path, entry) as store:
            async with astm_analyzer(place, timers=QUICK) as analyzer:
                for number in range(3):
                    if number == 1:
                        analyzer.fault(Fault(kind, **details))
                    await analyzer.send(message(f"S{number}"), f"S{number}")
                analyzer.clear()
                await analyzer.send(message("S3"), "S3")
                found = await results(store, 4 * 17)
            assert samples(found) == ["S0", "S1", "S2", "S3"]
            assert len({event.id for event in found}) == len(found) == 4 * 17
            assert analyzer.log.delivered == ["S0", "S1", "S2", "S3"]


async def test_a_message_in_another_charset_waits_and_the_next_arrives(tmp_path: Path) -> None:
    async with tcp("calls") as (place, transport):
        entry = link(chemistry(), transport=transport)
        async with gateway(tmp_path, entry) as store:
            async with astm_analyzer(place, timers=QUICK) as analyzer:
                analyzer.fault(Fault(Wrong.CHARSET, times=1))
                await analyzer.send(message("S1"), "S1")
                await analyzer.send(message("S2"), "S2")
                found = await results(store, 17)
            assert samples(found) == ["S2"]
            (entry_,) = await store.quarantine()
            assert entry_.entry.reason is QuarantineReason.UNREADABLE


async def test_the_gateway_dies_between_eot_and_the_publication(tmp_path: Path) -> None:
    """What the journal holds is settled by the next start, before anyone may call."""
    place = TcpServerPlace()
    async with place.open():
        entry = link(chemistry(), transport=Tcp(host=LOOPBACK, port=place.port))
        async with gateway(tmp_path, entry), place.line() as line:
            await line.write(b"\x05")
            await line.read()
            for number, record in enumerate(message("S1", tests=2), 1):
                body = f"{number}{record}\r".encode() + b"\x03"
                await line.write(b"\x02" + body + f"{sum(body) % 256:02X}\r\n".encode())
                assert await line.read() == b"\x06"
        async with gateway(tmp_path, entry) as store:
            assert len(await results(store, 2)) == 2
            assert await store.quarantine() == []
        async with gateway(tmp_path, entry) as store:
            assert len(await store.events(kinds=[Kind.RESULT])) == 2


async def test_the_analyzer_of_the_demo_hospital_reports_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "chemistry"
    async with astm_hospital({"chemistry": path}, speed=1000, timers=QUICK) as hospital:
        assert hospital.paths == {"chemistry": str(path)}
        entry = link(chemistry(), transport=Serial(port=str(path)))
        async with gateway(tmp_path, entry) as store:
            found = await results(store, 17)
    assert len(samples(found)) == 1
    assert not path.is_symlink()


async def test_bytes_cross_a_device_server(tmp_path: Path) -> None:
    every = bytes(range(256))
    async with device_server() as (port, far):
        options = Rfc2217(host=LOOPBACK, port=port, baud=19200)
        async with connect(options, lambda _way, _data: None) as line:
            assert line.name == f"rfc2217 {LOOPBACK}:{port}"
            await line.write(every)
            assert await asyncio.to_thread(_exactly, far, len(every)) == every
            os.write(far, every)
            got = b""
            while len(got) < len(every):
                got += await line.read()
            assert got == every


def on_line(place: PtyPlace, **options: Any) -> LinkEntry:
    return link(chemistry(), transport=Serial(port=place.path, baud=place.baud), **options)


@asynccontextmanager
async def tcp(role: str) -> AsyncIterator[tuple[TcpClientPlace | TcpServerPlace, Any]]:
    """A place for an analyzer that calls the gateway or is called, and the gateway's transport."""
    if role == "calls":
        port = free_port()
        yield TcpClientPlace(LOOPBACK, port), TcpListen(port=port)
        return
    place = TcpServerPlace()
    async with place.open():
        yield place, Tcp(host=LOOPBACK, port=place.port)


class PtyPort(serial.Serial):  # type: ignore[misc]
    """A pty has no modem lines."""

    cts = dsr = ri = cd = False


class DeviceServer(PortManager):  # type: ignore[misc]
    """pyserial's server, which leaves the masks of RFC 2217 unanswered."""

    def _telnet_process_subnegotiation(self, suboption: bytes) -> None:
        super()._telnet_process_subnegotiation(suboption)
        if suboption[1:2] in {SET_LINESTATE_MASK, SET_MODEMSTATE_MASK}:
            answer = bytes([suboption[1] + SERVER])
            self.rfc2217_send_subnegotiation(answer, suboption[2:])


@asynccontextmanager
async def device_server() -> AsyncIterator[tuple[int, int]]:
    """pyserial's RFC 2217 server over a pty: its port, and the far end of the serial line."""
    far, near = pty.openpty()
    tty.setraw(far)
    tty.setraw(near)
    lines = PtyPort(os.ttyname(near), timeout=0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        manager = DeviceServer(lines, writer)
        loop = asyncio.get_running_loop()
        descriptor = lines.fileno()
        loop.add_reader(
            descriptor, lambda: writer.write(b"".join(manager.escape(lines.read(4096))))
        )
        try:
            while data := await reader.read(4096):
                lines.write(b"".join(manager.filter(data)))
        except ConnectionError:
            pass
        finally:
            loop.remove_reader(descriptor)
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1], far
    finally:
        server.close()
        await asyncio.sleep(0)
        lines.close()
        os.close(near)
        os.close(far)


def _exactly(descriptor: int, count: int) -> bytes:
    got = b""
    while len(got) < count:
        got += os.read(descriptor, count - len(got))
    return got


class Disk:
    """Free space as the store sees it."""

    def __init__(self) -> None:
        self.free = 1 << 40

    def __call__(self, _path: Path) -> int:
        return self.free


async def test_a_full_disk_at_the_end_of_a_transfer_loses_nothing_on_a_listening_link(
    tmp_path: Path,
) -> None:
    """EOT has no answer to withhold: the link starts again until what it owes is settled."""
    disk, port = Disk(), free_port()
    entry = link(chemistry(), transport=TcpListen(port=port))
    async with gateway(tmp_path, entry, disk) as store:
        async with TcpClientPlace(LOOPBACK, port).line() as line:
            await line.write(b"\x05")
            await line.read()
            for number, record in enumerate(message("S1", tests=2), 1):
                body = f"{number}{record}\r".encode() + b"\x03"
                await line.write(b"\x02" + body + f"{sum(body) % 256:02X}\r\n".encode())
                assert await line.read() == b"\x06"
            disk.free = 0
            await line.write(b"\x04")
            assert await line.read() == b""
        disk.free = 1 << 40
        assert samples(await results(store, 2)) == ["S1"]
        assert await store.quarantine() == []
