from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from drivers.modbus import driver_type
from drivers.modbus.codec import Function
from drivers.modbus.driver import ModbusDriver
from drivers.modbus.options import ModbusDevice, ModbusLink
from drivers.modbus.profile import ModbusProfile
from gateway import (
    ConfigError,
    DeviceEntry,
    DeviceOptions,
    DeviceUnavailable,
    Direction,
    LinkEntry,
    LinkOptions,
    Poll,
    Poller,
    Profile,
    ProtocolViolation,
    Quality,
    Serial,
    Tcp,
)
from simulators.modbus import wire
from simulators.modbus.faults import Fault, Kind
from simulators.modbus.image import HOLDING, Image
from simulators.modbus.server import Endpoint, Framing
from tests.unit.modbus.profiles import profile
from tests.unit.modbus.quick import protocol_of, quick, wired

TIMEOUT = 1.0
HEAD = {"profile", "driver", "title", "grade", "source"}


class Counter:
    """Registers that say which poll and which address they were read in and from."""

    def __init__(self, size: int = 100) -> None:
        self.reads = 0
        self._size = size

    def image(self, _now: float, /) -> Image:
        self.reads += 1
        image = Image({HOLDING: self._size})
        for address in range(self._size):
            image.word(HOLDING, address, 100 * (self.reads % 600) + address)
        return image


class Bench:
    """Devices on one link, and a poller for them."""

    def __init__(
        self,
        framing: Framing,
        *,
        units: Sequence[int] = (1,),
        said: ModbusProfile | None = None,
        piece: int | None = None,
    ) -> None:
        self.devices = {unit: Counter() for unit in units}
        loop = asyncio.get_running_loop()
        self.endpoint = Endpoint(framing, self.devices, loop.time)
        self.entries = tuple(entry(unit, said or two_blocks()) for unit in units)
        self.driver = ModbusDriver(link(framing, self.entries))
        self.connection = wired(self.endpoint.line(), piece)
        self.poller: Poller = self.driver.attach(self.connection)

    async def poll(self, unit: int = 1) -> Poll:
        return await self.poller.poll(next(e for e in self.entries if options(e).unit == unit))

    def fault(self, kind: Kind, unit: int | None = None, **details: Any) -> None:
        self.endpoint.fault(Fault(kind, **details), unit)


def two_blocks() -> ModbusProfile:
    """Two requests whose replies are equally long."""
    return profile({"a": {"at": 0}, "b": {"at": 1}, "c": {"at": 50}, "d": {"at": 51}})


def entry(unit: int, said: ModbusProfile, offset: int = 0) -> DeviceEntry:
    device = ModbusDevice(unit=unit, offset=offset)
    return DeviceEntry(f"device-{unit}", f"Device {unit}", "link", said, device, 1.0)


def options(device: DeviceEntry) -> ModbusDevice:
    assert isinstance(device.options, ModbusDevice)
    return device.options


def link(framing: Framing | None, devices: Sequence[DeviceEntry]) -> LinkEntry:
    said = ModbusLink(framing=framing, timeout=TIMEOUT)
    return LinkEntry("link", "modbus", said, Tcp(host="127.0.0.1", port=1502), tuple(devices))


def texts(poll: Poll) -> dict[str, str]:
    return {r.code: r.text for r in poll.readings}


def assert_consistent(poll: Poll) -> None:
    """Each value lies at its own register, in a read that happened in this poll."""
    at = {"a": 0, "b": 1, "c": 50, "d": 51}
    for reading in poll.readings:
        if reading.quality is Quality.GOOD:
            assert int(reading.text) % 100 == at[reading.code]


both = pytest.mark.parametrize("framing", ["rtu", "tcp"])


@both
@quick
async def test_a_poll_brings_every_point_and_the_bytes_that_crossed(framing: Framing) -> None:
    bench = Bench(framing)
    poll = await bench.poll()
    assert texts(poll) == {"a": "100", "b": "101", "c": "250", "d": "251"}
    assert [way for way, _ in poll.exchanges] == [Direction.OUT, Direction.IN] * 2
    for reading in poll.readings:
        assert int(reading.text).to_bytes(2, "big") in poll.exchanges[reading.wire][1]


@both
@quick
async def test_replies_in_single_bytes_are_read_alike(framing: Framing) -> None:
    assert texts(await Bench(framing, piece=1).poll()) == texts(await Bench(framing).poll())


@both
@quick
async def test_an_offset_moves_every_register(framing: Framing) -> None:
    bench = Bench(framing)
    poll = await bench.poller.poll(entry(1, two_blocks(), offset=20))
    assert [int(text) % 100 for text in texts(poll).values()] == [20, 21, 70, 71]


@quick
async def test_a_changed_entry_is_asked_as_it_now_stands() -> None:
    bench = Bench("tcp", units=(1, 2))
    await bench.poll(1)
    said = profile({"z": {"at": 7}})
    moved = DeviceEntry("device-1", "", "link", said, ModbusDevice(unit=2), 1.0)
    poll = await bench.poller.poll(moved)
    assert list(texts(poll)) == ["z"]
    assert bench.devices[2].reads == 1


@both
@quick
async def test_a_silent_device_is_unavailable_with_unit_and_place_in_words(
    framing: Framing,
) -> None:
    bench = Bench(framing)
    bench.fault(Kind.SILENT)
    with pytest.raises(DeviceUnavailable, match=r"unit 1 on wire: did not answer holding 0 to 1"):
        await bench.poll()


@both
@quick
async def test_one_dead_unit_leaves_the_others_alone(framing: Framing) -> None:
    bench = Bench(framing, units=range(1, 7))
    bench.fault(Kind.SILENT, unit=3)
    good = 0
    for unit in range(1, 7):
        try:
            assert_consistent(await bench.poll(unit))
            good += 1
        except DeviceUnavailable:
            assert unit == 3
    assert good == 5


@quick
async def test_a_dead_unit_costs_one_time_out_and_one_quiet_line() -> None:
    bench = Bench("rtu")
    bench.fault(Kind.SILENT)
    start = asyncio.get_running_loop().time()
    with pytest.raises(DeviceUnavailable):
        await bench.poll()
    assert asyncio.get_running_loop().time() - start == pytest.approx(2 * TIMEOUT, rel=0.01)


@pytest.mark.parametrize("delay", [1.01, 1.5, 1.99, 2.5, 3.7, 6.1])
@both
@quick
async def test_a_late_reply_is_never_taken_for_another_ones_answer(
    framing: Framing, delay: float
) -> None:
    bench = Bench(framing, units=(1, 2))
    good = 0
    for turn in range(200):
        if turn % 7 == 3:
            bench.fault(Kind.LATE, unit=1 + turn % 2, delay=delay, times=1 + turn % 3)
        for unit, device in bench.devices.items():
            before = device.reads
            try:
                poll = await bench.poll(unit)
            except DeviceUnavailable:
                continue
            assert_consistent(poll)
            assert int(texts(poll)["a"] or 100 * (before + 1)) // 100 > before % 600
            good += 1
    assert good > 200


@pytest.mark.parametrize("delay", [1.2, 2.3])
@quick
async def test_a_device_that_is_always_too_slow_never_gives_a_wrong_value(delay: float) -> None:
    bench = Bench("rtu")
    bench.fault(Kind.LATE, delay=delay)
    for _ in range(20):
        try:
            assert_consistent(await bench.poll())
        except DeviceUnavailable:
            continue
    bench.endpoint.clear()
    for _ in range(3):
        with suppress(DeviceUnavailable):
            await bench.poll()
    assert_consistent(await bench.poll())


@quick
async def test_after_a_time_out_a_unit_is_proved_in_step_before_it_is_believed() -> None:
    bench = Bench("rtu")
    bench.fault(Kind.SILENT, times=1)
    with pytest.raises(DeviceUnavailable):
        await bench.poll()
    poll = await bench.poll()
    requests = [data for way, data in poll.exchanges if way is Direction.OUT]
    assert [request[:6].hex(" ") for request in requests] == [
        "01 03 00 00 00 01", "01 03 00 00 00 02", "01 03 00 32 00 02",
    ]  # fmt: skip
    assert len((await bench.poll()).exchanges) == 4


@quick
async def test_a_unit_that_refuses_its_probe_is_unavailable_once() -> None:
    bench = Bench("rtu")
    bench.fault(Kind.SILENT, times=1)
    with pytest.raises(DeviceUnavailable):
        await bench.poll()
    bench.fault(Kind.EXCEPTION, code=4, times=1)
    with pytest.raises(DeviceUnavailable, match="exception 4 after a time-out"):
        await bench.poll()
    assert_consistent(await bench.poll())


@quick
async def test_values_that_stand_alone_are_read_again_after_a_quiet_line() -> None:
    bench = Bench("rtu", said=profile({"a": {"at": 0}}))
    bench.fault(Kind.SILENT, times=1)
    with pytest.raises(DeviceUnavailable):
        await bench.poll()
    assert_consistent(await bench.poll())


@quick
async def test_a_broken_check_is_nonsense_and_its_bytes_are_kept() -> None:
    bench = Bench("rtu")
    bench.fault(Kind.CRC, times=1)
    with pytest.raises(
        ProtocolViolation, match=r"unit 1 on wire: sent 9 bytes .* check framing"
    ) as e:
        await bench.poll()
    assert e.value.raw[:3] == b"\x01\x03\x04"
    assert_consistent(await bench.poll())


@quick
async def test_a_broken_tcp_header_is_nonsense_at_once() -> None:
    bench = Bench("tcp")
    bench.fault(Kind.CRC, times=1)
    with pytest.raises(ProtocolViolation):
        await bench.poll()
    assert_consistent(await bench.poll())


@both
@quick
async def test_garbage_never_becomes_a_value(framing: Framing) -> None:
    bench = Bench(framing)
    bench.fault(Kind.GARBAGE, times=40)
    failures = 0
    while bench.endpoint.requests < 40:
        with pytest.raises((ProtocolViolation, DeviceUnavailable)):
            await bench.poll()
        failures += 1
    assert failures > 0
    assert_consistent(await bench.poll())


@both
@quick
async def test_a_peer_that_babbles_without_end_is_cut_short(framing: Framing) -> None:
    bench = Bench(framing)
    loop = asyncio.get_running_loop()
    frame = wire.reply(
        wire.Request(9, 3, 0, 2, None if framing == "rtu" else 77), b"\x03\x02\x00\x01"
    )

    def babble() -> None:
        bench.connection.data_received(frame * 20)
        loop.call_later(0.01, babble)

    bench.fault(Kind.SILENT)
    babble()
    with pytest.raises(ProtocolViolation) as told:
        await bench.poll()
    assert len(told.value.raw) < 100_000


@pytest.mark.parametrize("code", [1, 3, 4])
@both
@quick
async def test_a_refused_block_gives_no_value_rather_than_an_old_one(
    framing: Framing, code: int
) -> None:
    bench = Bench(framing)
    await bench.poll()
    bench.fault(Kind.EXCEPTION, code=code, times=1)
    poll = await bench.poll()
    assert texts(poll) == {"a": "", "b": "", "c": "350", "d": "351"}
    assert [r.quality for r in poll.readings[:2]] == [Quality.BAD] * 2
    assert poll.exchanges[poll.readings[0].wire][1][-3 if framing == "rtu" else -1] == code


@pytest.mark.parametrize("code", [5, 6, 10, 11])
@quick
async def test_a_busy_device_is_unavailable(code: int) -> None:
    bench = Bench("tcp")
    bench.fault(Kind.EXCEPTION, code=code, times=1)
    with pytest.raises(DeviceUnavailable, match=rf"can't answer now \(exception {code}\)"):
        await bench.poll()
    assert_consistent(await bench.poll())


@both
@quick
async def test_a_block_that_stays_silent_after_others_answered_costs_only_itself(
    framing: Framing,
) -> None:
    said = profile(
        {"a": {"at": 0}, "b": {"at": 1}, "c": {"at": 50}, "d": {"at": 51}, "e": {"at": 70}}
    )
    bench = Bench(framing, said=said)
    answer = bench.endpoint.answer

    def skipping(line: Any, request: wire.Request) -> None:
        if request.address != 50:
            answer(line, request)

    device = protocol_of(bench.connection)
    device._answer = skipping  # type: ignore[attr-defined]
    poll = await bench.poll()
    assert {code: text != "" for code, text in texts(poll).items()} == {
        "a": True, "b": True, "c": False, "d": False, "e": True,
    }  # fmt: skip


@quick
async def test_a_device_that_falls_silent_during_a_poll_holds_up_the_line_twice_at_most() -> None:
    bench = Bench("tcp", said=profile({f"r{at}": {"at": at} for at in range(0, 90, 10)}))
    answer = bench.endpoint.answer

    def dying(line: Any, request: wire.Request) -> None:
        if request.address == 0:
            answer(line, request)

    protocol_of(bench.connection)._answer = dying  # type: ignore[attr-defined]
    start = asyncio.get_running_loop().time()
    poll = await bench.poll()
    assert asyncio.get_running_loop().time() - start == pytest.approx(2 * TIMEOUT, rel=0.01)
    assert [r.code for r in poll.readings if r.quality is Quality.GOOD] == ["r0"]
    assert len(poll.readings) == 9


@quick
async def test_an_undefined_register_is_found_once_and_not_asked_again() -> None:
    said = profile({f"r{at}": {"at": at} for at in range(40)})
    bench = Bench("tcp", said=said)
    bench.fault(Kind.HOLE, address=17)
    poll = await bench.poll()
    assert [r.code for r in poll.readings if r.quality is Quality.BAD] == ["r17"]
    assert {int(r.text) % 100 for r in poll.readings if r.text} == set(range(40)) - {17}
    first = len(poll.exchanges)
    poll = await bench.poll()
    assert [r.code for r in poll.readings if r.quality is Quality.BAD] == ["r17"]
    assert len(poll.exchanges) == 4 < first


@quick
async def test_holes_are_remembered_over_a_new_connection_and_reviewed() -> None:
    said = profile({f"r{at}": {"at": at} for at in range(4)})
    bench = Bench("tcp", said=said)
    bench.fault(Kind.HOLE, address=2)
    await bench.poll()
    bench.poller = bench.driver.attach(wired(bench.endpoint.line()))
    assert len((await bench.poll()).exchanges) == 4
    bench.endpoint.clear()
    for _ in range(3600):
        await bench.poll()
    poll = await bench.poll()
    assert all(r.quality is Quality.GOOD for r in poll.readings)
    assert len(poll.exchanges) == 2


@quick
async def test_an_undefined_gap_is_read_around() -> None:
    bench = Bench("tcp", said=profile({"a": {"at": 0}, "c": {"at": 50}}, gap=60))
    bench.fault(Kind.HOLE, address=30)
    first, then = await bench.poll(), await bench.poll()
    for poll in (first, then):
        assert all(r.quality is Quality.GOOD for r in poll.readings)
    assert len(then.exchanges) == 4


@quick
@pytest.mark.parametrize("code", [1, 2, 4])
async def test_a_device_that_refuses_everything_is_said_to_be_the_wrong_one(code: int) -> None:
    bench = Bench("tcp")
    bench.fault(Kind.EXCEPTION, code=code)
    for _ in range(2):
        with pytest.raises(DeviceUnavailable, match=rf"\(exception {code}\): check `unit`"):
            await bench.poll()
    bench.endpoint.clear()
    assert_consistent(await bench.poll())


@both
@quick
async def test_a_lost_connection_is_said_as_such(framing: Framing) -> None:
    bench = Bench(framing)
    await bench.connection.close()
    with pytest.raises(ConnectionError):
        await bench.poll()


def test_a_serial_line_carries_rtu() -> None:
    serial = LinkEntry("bus", "modbus", ModbusLink(), Serial(port="/dev/ttyS9"), ())
    assert driver_type.check is not None
    assert not list(driver_type.check([serial]))
    bad = LinkEntry("bus", "modbus", ModbusLink(framing="tcp"), Serial(port="/dev/ttyS9"), ())
    (finding,) = driver_type.check([bad])
    assert (finding.link, finding.key) == ("bus", "framing")


def test_one_address_belongs_to_one_device() -> None:
    twins = (entry(1, two_blocks()), entry(1, two_blocks()))
    assert driver_type.check is not None
    (finding,) = driver_type.check([link("tcp", twins)])
    assert (finding.device, finding.key) == ("device-1", "unit")
    apart = (entry(1, two_blocks()), entry(1, two_blocks(), offset=100), entry(2, two_blocks()))
    assert not list(driver_type.check([link("tcp", apart)]))
    assert not list(driver_type.check([LinkEntry("l", "modbus", LinkOptions(), None, ())]))


@pytest.mark.parametrize("unit", [0, 255])
def test_an_address_that_nobody_answers_to_is_told(unit: int) -> None:
    assert driver_type.check is not None
    (finding,) = driver_type.check([link("rtu", (entry(unit, two_blocks()),))])
    assert f"unit {unit} never answers over rtu" in finding.message
    assert not list(driver_type.check([link("tcp", (entry(unit, two_blocks()),))]))


def test_reserved_addresses_are_refused() -> None:
    with pytest.raises(ValueError, match="248 to 254 are reserved"):
        ModbusDevice(unit=250)


def test_entries_of_another_driver_are_refused() -> None:
    good = entry(1, two_blocks())
    with pytest.raises(ConfigError, match="not the options of a Modbus link"):
        ModbusDriver(LinkEntry("l", "modbus", LinkOptions(), None, ()))
    with pytest.raises(ConfigError, match="device-1: a Modbus device needs its `unit`"):
        ModbusDriver(link("tcp", [replace(good, options=DeviceOptions())]))
    stranger = Profile.model_validate(good.profile.model_dump(include=HEAD) | {"points": {}})
    with pytest.raises(ConfigError, match="test is not a Modbus profile"):
        ModbusDriver(link("tcp", [replace(good, profile=stranger)]))


def test_nothing_in_the_driver_can_write() -> None:
    assert {int(function) for function in Function} == {1, 2, 3, 4}
