"""Replies that come after the time-out: how many values are taken for the answer to another read.

A meter behind an RTU-over-TCP gateway answers one read in ten late, in order. Each side reads two
ranges of equal length in turn; a value is wrong if it lies at another register, or was read before
it was asked for.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.case import Case, Options
from drivers.modbus.driver import ModbusDriver
from drivers.modbus.options import ModbusDevice, ModbusLink
from drivers.modbus.profile import ModbusProfile
from gateway import DeviceEntry, DeviceUnavailable, LinkEntry, Poll, Quality, Tcp
from gateway.transport import connect
from simulators.modbus.faults import Fault, Kind
from simulators.modbus.image import HOLDING, Image
from simulators.modbus.server import Endpoint
from simulators.modbus.stock import stock_client

_TIMEOUT = 0.02
_LATE = (1.1, 1.5, 1.9, 2.6)
_CHANCE = 0.1
_RANGES = (0, 50)
_ROUNDS = 600
_PROFILE = {
    "profile": "bench-ranges",
    "driver": "modbus",
    "title": "Two ranges",
    "grade": "derived",
    "source": "this benchmark",
    "points": {f"r{at}": {"at": at, "unit": "1"} for start in _RANGES for at in (start, start + 1)},
}


class _Numbered:
    """Registers that say where they lie and in which read they were looked at."""

    def __init__(self) -> None:
        self.reads = 0

    def image(self, _now: float, /) -> Image:
        self.reads += 1
        image = Image({HOLDING: 100})
        for at in range(100):
            image.word(HOLDING, at, self.reads % _ROUNDS * 100 + at)
        return image

    def is_right(self, value: int, at: int, reads_before: int) -> bool:
        age = (value // 100 - reads_before) % _ROUNDS
        return value % 100 == at and 0 < age < _ROUNDS // 2


@dataclass(slots=True)
class _Tally:
    asked: int = 0
    right: int = 0
    wrong: int = 0

    def count(self, *, right: bool) -> None:
        self.right += right
        self.wrong += not right


async def run(options: Options) -> Sequence[Case]:
    """Goal: none wrong."""
    ours = await _ours(50 if options.smoke else 10_000)
    peer = await _pymodbus(50 if options.smoke else 1_000)
    size = f"2 registers a read; ours {ours.asked:,} reads, the peer {peer.asked:,}; 1 in 10 late"
    name = "pymodbus 3.16, its own 3 retries"
    return [
        Case(
            name="rtu_late_reply",
            case="wrong values",
            ours=1000 * ours.wrong / ours.asked,
            unit="per 1,000 reads",
            better="lower",
            peer=1000 * peer.wrong / peer.asked,
            peer_name=name,
            goal=0.0,
            size=size,
            durable=False,
            peer_ack="none: a poll is not acknowledged",
        ),
        Case(
            name="rtu_late_reply",
            case="right values",
            ours=1000 * ours.right / ours.asked,
            unit="per 1,000 reads",
            better="higher",
            peer=1000 * peer.right / peer.asked,
            peer_name=name,
            size=size,
            durable=False,
            peer_ack="none: a poll is not acknowledged",
        ),
    ]


async def _ours(reads: int) -> _Tally:
    device, tally, dice = _Numbered(), _Tally(), random.Random(1)
    endpoint = Endpoint("rtu", {1: device}, asyncio.get_running_loop().time)
    profile = ModbusProfile.model_validate(_PROFILE)
    entry = DeviceEntry("meter", "Meter", "bus", profile, ModbusDevice(unit=1), 1.0)
    async with endpoint.serve():
        transport = Tcp(host="127.0.0.1", port=endpoint.port)
        options = ModbusLink(framing="rtu", timeout=_TIMEOUT)
        driver = ModbusDriver(LinkEntry("bus", "modbus", options, transport, (entry,)))
        async with connect(transport, lambda _way, _bytes: None) as connection:
            poller = driver.attach(connection)
            while tally.asked < reads:
                _upset(endpoint, dice)
                before = device.reads
                tally.asked += len(_RANGES)
                try:
                    _judge(await poller.poll(entry), device, before, tally)
                except DeviceUnavailable:
                    continue
    return tally


def _judge(poll: Poll, device: _Numbered, before: int, tally: _Tally) -> None:
    texts = {r.code: r.text for r in poll.readings if r.quality is Quality.GOOD}
    for start in _RANGES:
        codes = [f"r{start}", f"r{start + 1}"]
        if all(code in texts for code in codes):
            values = [int(texts[code]) for code in codes]
            right = all(device.is_right(v, start + n, before) for n, v in enumerate(values))
            tally.count(right=right)


async def _pymodbus(reads: int) -> _Tally:
    device, tally, dice = _Numbered(), _Tally(), random.Random(1)
    endpoint = Endpoint("rtu", {1: device}, asyncio.get_running_loop().time)
    async with (
        endpoint.serve(),
        stock_client(endpoint.port, framing="rtu", timeout=_TIMEOUT) as client,
    ):
        while tally.asked < reads:
            _upset(endpoint, dice)
            start = _RANGES[tally.asked % len(_RANGES)]
            before = device.reads
            tally.asked += 1
            values = await client.read(HOLDING, 1, start, 2)
            if isinstance(values, list):
                right = all(device.is_right(v, start + n, before) for n, v in enumerate(values))
                tally.count(right=right)
    return tally


def _upset(endpoint: Endpoint, dice: random.Random) -> None:
    """From now on one reply in ten is late, by one of several delays."""
    delay = dice.choice(_LATE) * _TIMEOUT
    endpoint.fault(Fault(Kind.LATE, delay=delay, chance=_CHANCE))
