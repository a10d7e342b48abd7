"""The simulated sensors: plausible, the same for the same seed, broken as told."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from simulators.mqtt import FAULTS, Sent, mqtt_hospital
from simulators.mqtt.curves import Air, Radiation, door_open, in_beam
from simulators.mqtt.sensor import Message, eight_sensors, garbled
from tests.peers import Broker

CLOCK = 1_795_424_400.0


def day(name: str, seed: int = 1) -> Iterator[Message]:
    """What one sensor publishes, every 50 seconds of a day."""
    model = eight_sensors(seed)[name]
    for seconds in range(0, 86_400, 50):
        yield from model.messages(float(seconds), CLOCK + seconds)


@pytest.mark.parametrize("name", eight_sensors(1))
def test_the_same_seed_gives_the_same_day(name: str) -> None:
    assert list(day(name)) == list(day(name))
    assert list(day(name)) != list(day(name, seed=2))


@pytest.mark.parametrize("name", eight_sensors(1))
def test_every_payload_is_json_with_a_clock(name: str) -> None:
    for message in day(name):
        document = json.loads(message.payload)
        assert str(document.get("Time") or document["last_seen"]).endswith("Z")


def test_there_are_four_climates_two_doors_and_two_monitors() -> None:
    kinds = [name.rsplit("-", 1)[1] for name in eight_sensors(1)]
    assert (kinds.count("air"), kinds.count("door"), kinds.count("radiation")) == (4, 2, 2)


def test_a_climate_stays_plausible() -> None:
    air = Air(random.Random(1), mean=22.0, swing=0.6)
    for seconds in range(0, 10 * 86_400, 600):
        temperature, humidity, battery = air.measure(float(seconds))
        assert 18 < temperature < 26
        assert 30 < humidity < 70
        assert 90 < battery <= 97


def test_nobody_opens_a_door_under_beam() -> None:
    assert not any(door_open(second) and in_beam(second) for second in range(86_400))
    assert any(door_open(second) for second in range(900))


def test_dose_adds_up_until_its_counter_is_reset() -> None:
    radiation = Radiation(random.Random(1))
    doses = [radiation.measure(float(second))[1] for second in range(1800)]
    assert doses == sorted(doses)
    assert doses[-1] > 0
    monitor = eight_sensors(1)["bunker-1-radiation"]
    first = next(monitor.messages(0.0, CLOCK))
    later = [json.loads(next(monitor.messages(float(at), CLOCK)).payload) for at in range(1, 5)]
    assert [document["Seq"] for document in later] == [2, 3, 4, 5]
    monitor.reset_counters()
    assert json.loads(next(monitor.messages(5.0, CLOCK)).payload)["Seq"] == 1
    assert json.loads(first.payload)["RAM"]["Dose"] == 0


def test_garbage_is_garbage() -> None:
    chance = random.Random(1)
    payload = next(day("laboratory-air")).payload
    for _ in range(200):
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError, NotANumberError)):
            json.loads(garbled(payload, chance), parse_constant=refuse)


class NotANumberError(Exception):
    """NaN, which JSON doesn't have and Python's reader takes."""


def refuse(constant: str) -> Any:
    raise NotANumberError(constant)


async def test_sensors_and_faults_that_there_are_not_are_named() -> None:
    async with mqtt_hospital("127.0.0.1", 1) as hospital:
        with pytest.raises(ValueError, match="there are bunker-1-air"):
            hospital.fault("kitchen", "silent")
        with pytest.raises(ValueError, match="clock_skew"):
            hospital.fault("bunker-1-air", "on-fire")
        for kind in FAULTS:
            hospital.fault("bunker-1-air", kind)
        hospital.clear("bunker-1-air")
        assert len(hospital.sensors) == 8


@pytest.mark.peer
async def test_faults_show_in_what_is_sent(broker: Broker) -> None:
    sent: list[Sent] = []
    heard = asyncio.Event()

    def log(message: Sent) -> None:
        sent.append(message)
        heard.set()

    async def until(count: int, name: str) -> list[Sent]:
        async with asyncio.timeout(20):
            while len(found := [each for each in sent if each.sensor == name]) < count:
                heard.clear()
                await heard.wait()
        return found

    async with mqtt_hospital(broker.host, broker.port, speed=50, log=log) as hospital:
        hospital.fault("bunker-1-radiation", "duplicate")
        hospital.fault("bunker-2-radiation", "silent")
        hospital.fault("laboratory-air", "clock_skew", seconds=86_400)
        doubled = await until(4, "bunker-1-radiation")
        skewed = await until(1, "laboratory-air")
        right = await until(1, "server-room-air")
        silent = [each.payload for each in sent if each.sensor == "bunker-2-radiation"]
    assert doubled[-4].payload == doubled[-3].payload or doubled[-3].payload == doubled[-2].payload
    assert json.loads(skewed[0].payload)["last_seen"] > json.loads(right[0].payload)["last_seen"]
    assert silent == []
    assert hospital.acknowledged >= len(sent) > 0
