"""Isogate's Modbus beside others': pymodbus on both sides, mbpoll, sockets, a serial line."""

from __future__ import annotations

import asyncio
import math
import os
import pty
import re
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from drivers.modbus.driver import ModbusDriver
from drivers.modbus.options import ModbusDevice, ModbusLink
from drivers.modbus.profile import ModbusProfile
from gateway import (
    DeviceEntry,
    DeviceUnavailable,
    Direction,
    LinkEntry,
    Poller,
    Quality,
    Serial,
    Tcp,
)
from gateway.transport import connect
from simulators.modbus import ModbusHospital, modbus_hospital
from simulators.modbus.meter import Meter
from simulators.modbus.server import Endpoint
from simulators.modbus.stock import stock_client, stock_server
from tests.peers import require_peer
from tests.unit.modbus.profiles import profile, shipped

PROFILES = {
    "meters": "three-phase-meter",
    "chiller": "chiller",
    "ups": "ups",
    "room": "linac-room-monitor",
}
EIGHT = 8 * 3600.0


@asynccontextmanager
async def standing() -> AsyncIterator[ModbusHospital]:
    """The hospital with its clock stopped at eight."""
    async with modbus_hospital(elapsed=lambda: 0.0) as hospital:
        yield hospital


@asynccontextmanager
async def polling(
    transport: Tcp | Serial, framing: str, said: ModbusProfile, unit: int = 1, timeout: float = 5.0
) -> AsyncIterator[tuple[Poller, DeviceEntry]]:
    """A poller over a real connection, and a device to ask for."""
    entry = DeviceEntry("device", "Device", "link", said, ModbusDevice(unit=unit), 1.0)
    options = ModbusLink.model_validate({"framing": framing, "timeout": timeout, "quiet": 0.05})
    driver = ModbusDriver(LinkEntry("link", "modbus", options, transport, (entry,)))
    async with connect(transport, ignore) as connection:
        yield driver.attach(connection), entry


def ignore(direction: Direction, data: bytes) -> None:
    pass


def loopback(port: int) -> Tcp:
    return Tcp(host="127.0.0.1", port=port)


@pytest.mark.parametrize("endpoint", PROFILES)
async def test_our_driver_reads_every_simulator(endpoint: str) -> None:
    said, framing = shipped(PROFILES[endpoint]), "rtu" if endpoint == "meters" else "tcp"
    async with (
        standing() as hospital,
        polling(loopback(hospital.ports[endpoint]), framing, said) as (poller, entry),
    ):
        poll = await poller.poll(entry)
        assert {reading.code for reading in poll.readings} == set(said.points)
        assert all(reading.quality is Quality.GOOD for reading in poll.readings)
        for reading in poll.readings:
            states = said.points[reading.code].states
            assert not states or reading.text in states, reading


async def test_pymodbus_reads_the_simulators_as_our_driver_does() -> None:
    said = shipped("three-phase-meter")
    async with standing() as hospital:
        port = hospital.ports["meters"]
        async with polling(loopback(port), "rtu", said, unit=4) as (poller, entry):
            ours = {r.code: r.number for r in (await poller.poll(entry)).readings}
        async with stock_client(port, framing="rtu") as client:
            theirs = await client.read(4, 4, 0, 80)
    assert isinstance(theirs, list)
    assert ours["voltage_l1"] == pytest.approx(real(theirs, 0))
    assert ours["active_power"] == pytest.approx(real(theirs, 52))
    assert ours["active_energy_import"] == pytest.approx(real(theirs, 72))


def real(registers: list[int], at: int) -> float:
    """A float32 by hand: sign, exponent and fraction."""
    bits = registers[at] << 16 | registers[at + 1]
    fraction = (bits & 0x7FFFFF | 0x800000) / (1 << 23)
    sign = -1.0 if bits >> 31 else 1.0
    return sign * fraction * math.ldexp(1.0, (bits >> 23 & 0xFF) - 127)


@pytest.mark.parametrize(
    ("endpoint", "function", "at", "count", "answer"),
    [
        ("chiller", 3, 11, 1, [70]),
        ("ups", 4, 0x43, 1, 2),
        ("ups", 4, 0x0443, 1, [500]),
        ("room", 2, 2, 1, [1]),
        ("room", 2, 7, 2, 2),
        ("room", 3, 0, 1, 2),
    ],
)
async def test_pymodbus_and_the_simulators_agree(
    endpoint: str, function: int, at: int, count: int, answer: list[int] | int
) -> None:
    async with standing() as hospital, stock_client(hospital.ports[endpoint]) as client:
        got = await client.read(function, 1, at, count)
    if (endpoint, at) == ("ups", 0x43):
        assert got == [0]
    else:
        assert got == answer


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
async def test_our_driver_reads_a_pymodbus_server_and_finds_its_hole(framing: str) -> None:
    said = profile(
        {
            "a": {"at": 10, "type": "float32"},
            "b": {"at": 12, "type": "int16", "scale": 0.1},
            "hole": {"at": 13},
            "c": {"at": 14, "bit": 3},
            "d": {"at": 15, "type": "uint32", "order": "CDAB"},
        }
    )
    registers = {10: [0x4366, 0x199A, 0xFFFB], 14: [0x0008, 0x5678, 0x1234]}
    async with (
        stock_server({7: registers}, framing=framing) as port,
        polling(loopback(port), framing, said, unit=7) as (poller, entry),
    ):
        for _ in range(2):
            poll = await poller.poll(entry)
            assert {r.code: r.text for r in poll.readings} == {
                "a": "230.1", "b": "-0.5", "hole": "", "c": "1", "d": str(0x12345678),
            }  # fmt: skip


async def test_a_dead_connection_is_silent_and_a_new_one_answers() -> None:
    said = shipped("ups")
    async with standing() as hospital:
        transport = loopback(hospital.ports["ups"])
        async with polling(transport, "tcp", said, timeout=0.2) as (poller, entry):
            await poller.poll(entry)
            hospital.fault("ups", "half-open")
            with pytest.raises(DeviceUnavailable):
                await poller.poll(entry)
        async with polling(transport, "tcp", said) as (poller, entry):
            await poller.poll(entry)


async def test_counters_jump_on_command() -> None:
    said = shipped("three-phase-meter")
    async with standing() as hospital:
        transport = loopback(hospital.ports["meters"])
        async with polling(transport, "rtu", said, unit=2) as (poller, entry):

            async def energy() -> float:
                readings = (await poller.poll(entry)).readings
                return next(r.number or 0.0 for r in readings if r.code == "active_energy_import")

            assert await energy() > 1000
            hospital.fault("meters", "rollover", unit=2)
            assert await energy() > 999_999
            hospital.fault("meters", "reset", unit=2)
            assert await energy() == 0.0


@contextmanager
def on_a_serial_line(endpoint: Endpoint) -> Iterator[str]:
    """The endpoint's devices on a pty; the path of the gateway's end."""
    theirs, ours = pty.openpty()
    tty.setraw(ours)
    line, loop = endpoint.line(), asyncio.get_running_loop()
    line.connection_made(_Descriptor(theirs))
    loop.add_reader(theirs, lambda: line.data_received(os.read(theirs, 4096)))
    try:
        yield os.ttyname(ours)
    finally:
        loop.remove_reader(theirs)
        os.close(ours)
        os.close(theirs)


class _Descriptor(asyncio.Transport):
    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def write(self, data: bytes | bytearray | memoryview) -> None:
        os.write(self._descriptor, data)

    def is_closing(self) -> bool:
        return False


def meters() -> Endpoint:
    return Endpoint("rtu", {unit: Meter(f"bus-{unit}", 10) for unit in (1, 2)}, lambda: EIGHT)


async def test_our_driver_reads_meters_on_a_serial_line() -> None:
    with on_a_serial_line(meters()) as path:
        transport = Serial(port=path, baud=19200, parity="E")
        async with polling(transport, "rtu", shipped("three-phase-meter"), 2) as (poller, entry):
            poll = await poller.poll(entry)
    assert all(reading.quality is Quality.GOOD for reading in poll.readings)


async def mbpoll(*arguments: str) -> str:
    """What mbpoll prints; an error of its own fails the test."""
    program = require_peer("mbpoll")
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


def printed(output: str) -> dict[int, str]:
    """Values by reference, from lines such as `[70]: 	49.99`."""
    return {int(place): value for place, value in re.findall(r"\[(\d+)\]:\s+(\S+)", output)}


@pytest.mark.peer
@pytest.mark.parametrize(
    ("endpoint", "arguments", "expected"),
    [
        ("chiller", ["-t", "4", "-0", "-r", "11", "-c", "1"], {11: "70"}),
        ("ups", ["-t", "3", "-0", "-r", "1091", "-c", "2"], {1091: "500", 1092: "3"}),
        ("room", ["-t", "1", "-0", "-r", "2", "-c", "1"], {2: "1"}),
    ],
)
async def test_mbpoll_reads_the_tcp_simulators(
    endpoint: str, arguments: list[str], expected: dict[int, str]
) -> None:
    async with standing() as hospital:
        port = str(hospital.ports[endpoint])
        output = await mbpoll("-m", "tcp", "-p", port, *arguments, "-1", "127.0.0.1")
    assert printed(output) == expected


@pytest.mark.peer
async def test_mbpoll_reads_a_meter_on_a_serial_line() -> None:
    endpoint = meters()
    with on_a_serial_line(endpoint) as path:
        output = await mbpoll(
            *("-m", "rtu", "-a", "2", "-b", "19200", "-P", "even", "-t", "3:float", "-B"),
            *("-0", "-r", "70", "-c", "1", "-1", path),
        )
    assert float(printed(output)[70]) == pytest.approx(50, abs=0.2)
