"""One sensor: what it publishes when, and what can be wrong with it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from simulators.mqtt.curves import Air, Radiation, door_open

FAULTS = frozenset(
    {"silent", "garbage", "duplicate", "clock_skew", "half_open", "cut", "counter_reset"}
)

_WARNING, _ALARM = 2.5, 7.5


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to publish with QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """The topic and words by which a sensor says that it comes, and its last will that it went."""

    topic: str
    online: bytes
    offline: bytes


class Model(Protocol):
    """What one kind of sensor says."""

    @property
    def period(self) -> float:
        """Seconds of domain time between two publications."""
        ...

    @property
    def presence(self) -> Presence: ...

    def messages(self, seconds: float, clock: float) -> Iterator[Message]:
        """What it publishes now: `seconds` of domain time since the start, `clock` its own."""
        ...

    def reset_counters(self) -> None: ...


@dataclass(slots=True)
class AirSensor:
    """Temperature and humidity, as Zigbee2MQTT publishes them."""

    name: str
    air: Air
    period: float = 5.0

    @property
    def presence(self) -> Presence:
        return _zigbee_presence(self.name)

    def messages(self, seconds: float, clock: float) -> Iterator[Message]:
        temperature, humidity, battery = self.air.measure(seconds)
        payload = (
            f'{{"battery":{battery:.0f},"humidity":{humidity:.1f},"last_seen":"{_zulu(clock)}",'
            f'"linkquality":{self.air.chance.randint(60, 255)},"temperature":{temperature:.2f}}}'
        )
        yield Message(f"zigbee2mqtt/{self.name}", payload.encode())

    def reset_counters(self) -> None:
        """It counts nothing."""


@dataclass(slots=True)
class DoorSensor:
    """A door contact: retained, at each change and every few seconds."""

    name: str
    phase: float
    period: float = 3.0

    @property
    def presence(self) -> Presence:
        return _zigbee_presence(self.name)

    def messages(self, seconds: float, clock: float) -> Iterator[Message]:
        contact = "false" if door_open(seconds + self.phase) else "true"
        payload = (
            f'{{"battery":91,"contact":{contact},"last_seen":"{_zulu(clock)}","tamper":false}}'
        )
        yield Message(f"zigbee2mqtt/{self.name}", payload.encode(), retain=True)

    def reset_counters(self) -> None:
        """It counts nothing."""


@dataclass(slots=True)
class RadiationMonitor:
    """Dose rate with its alarm levels, numbered messages, in Tasmota's topics."""

    name: str
    radiation: Radiation
    phase: float
    period: float = 1.0
    _number: int = field(default=0, init=False)

    @property
    def presence(self) -> Presence:
        return Presence(f"tele/{self.name}/LWT", b"Online", b"Offline")

    def messages(self, seconds: float, clock: float) -> Iterator[Message]:
        rate, dose = self.radiation.measure(seconds + self.phase)
        self._number += 1
        level = (rate >= _WARNING) + (rate >= _ALARM)
        payload = (
            f'{{"Time":"{_zulu(clock)}","Seq":{self._number},"RAM":{{"DoseRate":{rate:.3f},'
            f'"Dose":{dose:.4f},"Warning":{_WARNING},"Alarm":{_ALARM},"Level":{level},"Fault":0}}}}'
        )
        yield Message(f"tele/{self.name}/SENSOR", payload.encode())

    def reset_counters(self) -> None:
        """Begin to number and to add up anew, as after a change of the battery."""
        self._number = 0
        self.radiation.dose = 0.0


def eight_sensors(seed: int) -> dict[str, Model]:
    """The department's sensors by name."""

    def chance(name: str) -> random.Random:
        return random.Random(f"{seed}/{name}")

    def air(name: str, mean: float, swing: float) -> tuple[str, Model]:
        return name, AirSensor(name, Air(chance(name), mean, swing))

    models: dict[str, Model] = dict(
        (
            air("bunker-1-air", 22.0, 0.6),
            air("bunker-2-air", 21.6, 0.7),
            air("laboratory-air", 23.2, 0.9),
            air("server-room-air", 20.5, 0.4),
        )
    )
    for number in (1, 2):
        phase = chance(f"bunker-{number}").uniform(0.0, 600.0)
        door, monitor = f"bunker-{number}-door", f"bunker-{number}-radiation"
        models[door] = DoorSensor(door, phase)
        models[monitor] = RadiationMonitor(monitor, Radiation(chance(monitor)), phase)
    return models


def garbled(payload: bytes, chance: random.Random) -> bytes:
    """Bytes that no receiver can make sense of."""
    spoilers: tuple[Callable[[], bytes], ...] = (
        lambda: payload[: len(payload) // 2],
        lambda: chance.randbytes(24),
        lambda: payload.replace(b":", b"=", 1),
        lambda: b'{"temperature":NaN}',
    )
    return chance.choice(spoilers)()


def _zigbee_presence(name: str) -> Presence:
    topic = f"zigbee2mqtt/{name}/availability"
    return Presence(topic, b'{"state":"online"}', b'{"state":"offline"}')


def _zulu(clock: float) -> str:
    moment = datetime.fromtimestamp(clock, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
