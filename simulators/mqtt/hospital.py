"""The sensors at work: connected, publishing, and broken on command."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from simulators.mqtt.relay import Relay, relay
from simulators.mqtt.sensor import FAULTS, Message, Model, eight_sensors, garbled

_RETRY = 0.5
_ANSWER = 5.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the broker has acknowledged. `at` is the wall clock, seconds since 1970."""

    sensor: str
    topic: str
    payload: bytes
    at: float


@dataclass(frozen=True, slots=True)
class _Time:
    """Domain time: `speed` times as fast as the wall clock since the start."""

    speed: float
    wall: float = field(default_factory=time.time)
    start: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        return (time.monotonic() - self.start) * self.speed

    def now(self) -> float:
        return self.wall + self.seconds()


class _Sensor:
    """Publishes with QoS 1 until each message is acknowledged, over and over if need be."""

    def __init__(
        self, name: str, model: Model, seed: int, time_: _Time, log: Callable[[Sent], None]
    ) -> None:
        self.name = name
        self.model = model
        self.faults: dict[str, Mapping[str, Any]] = {}
        self.relay: Relay | None = None
        self._chance = random.Random(f"{seed}/{name}/faults")
        self._time = time_
        self._log = log
        self._waiting: list[Message] = []

    async def run(self, host: str, port: int) -> None:
        async with relay(host, port) as self.relay:
            if "half_open" in self.faults:
                self.relay.freeze()
            while True:
                try:
                    await self._connected(self.relay.port)
                except* aiomqtt.MqttError:
                    await asyncio.sleep(_RETRY)

    async def _connected(self, port: int) -> None:
        presence = self.model.presence
        will = aiomqtt.Will(presence.topic, presence.offline, qos=1, retain=True)
        client = aiomqtt.Client(
            "127.0.0.1", port, identifier=f"simulated-{self.name}", will=will, keepalive=10,
            timeout=_ANSWER,
        )  # fmt: skip
        try:
            async with client, asyncio.TaskGroup() as tasks:
                tasks.create_task(_watch(client), name=f"watch {self.name}")
                await client.publish(presence.topic, presence.online, qos=1, retain=True)
                await self._work(client)
        finally:
            _take_note(client)

    async def _work(self, client: aiomqtt.Client) -> None:
        while True:
            await self._publish_waiting(client)
            self._waiting = self._due()
            await self._publish_waiting(client)
            await asyncio.sleep(self.model.period / self._time.speed)

    async def _publish_waiting(self, client: aiomqtt.Client) -> None:
        while self._waiting:
            message = self._waiting[0]
            await client.publish(message.topic, message.payload, qos=1, retain=message.retain)
            self._log(Sent(self.name, message.topic, message.payload, time.time()))
            del self._waiting[0]

    def _due(self) -> list[Message]:
        if "silent" in self.faults:
            return []
        skew = float(self.faults.get("clock_skew", {}).get("seconds", 0.0))
        messages = list(self.model.messages(self._time.seconds(), self._time.now() + skew))
        if "garbage" in self.faults:
            messages = [
                Message(each.topic, garbled(each.payload, self._chance)) for each in messages
            ]
        if "duplicate" in self.faults:
            messages = [each for each in messages for _ in range(2)]
        return messages


async def _watch(client: aiomqtt.Client) -> None:
    """Wait, without a message ever coming, until the connection breaks: MqttError."""
    async for _ in client.messages:
        pass


def _take_note(client: aiomqtt.Client) -> None:
    """Look at how the connection ended, which aiomqtt leaves unread for asyncio to complain of."""
    ended = client._disconnected  # noqa: SLF001 - it has no public name
    if ended.done() and not ended.cancelled():
        ended.exception()


class MqttHospital:
    """The running sensors. Faults stay until cleared, but for `cut` and `counter_reset`.

    `silent`: connected and dumb. `garbage`: unreadable payloads. `duplicate`: each message
    published twice. `clock_skew` (`seconds`): its clock is off. `half_open`: the connection hangs,
    so that the broker sends the last will. `cut`: the connection breaks once. `counter_reset`:
    message numbers and dose begin anew, once.
    """

    def __init__(self, sensors: Mapping[str, _Sensor]) -> None:
        self._sensors = sensors
        self.acknowledged = 0

    @property
    def sensors(self) -> tuple[str, ...]:
        return tuple(self._sensors)

    def fault(self, name: str, kind: str, **args: Any) -> None:
        """Break one sensor; ValueError for a sensor or kind that there isn't."""
        sensor = self._sensor(name)
        if kind not in FAULTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted(FAULTS))}")
        match kind:
            case "cut" if sensor.relay is not None:
                sensor.relay.cut()
            case "counter_reset":
                sensor.model.reset_counters()
            case "half_open" if sensor.relay is not None:
                sensor.faults[kind] = args
                sensor.relay.freeze()
            case _:
                sensor.faults[kind] = args

    def clear(self, name: str) -> None:
        """Mend one sensor."""
        sensor = self._sensor(name)
        sensor.faults.clear()
        if sensor.relay is not None:
            sensor.relay.thaw()

    def _sensor(self, name: str) -> _Sensor:
        if name not in self._sensors:
            raise ValueError(f"no sensor {name!r}; there are {', '.join(self._sensors)}")
        return self._sensors[name]


@asynccontextmanager
async def mqtt_hospital(
    host: str,
    port: int,
    speed: float = 1.0,
    seed: int = 1,
    log: Callable[[Sent], None] | None = None,
) -> AsyncIterator[MqttHospital]:
    """Eight sensors that publish to a broker, which may come later or go and come back.

    `speed` makes their time, and the clocks in their payloads, run faster than the wall clock.
    `log` is called with each message that the broker has acknowledged.
    """

    def note(sent: Sent) -> None:
        hospital.acknowledged += 1
        if log is not None:
            log(sent)

    time_ = _Time(speed)
    sensors = {
        name: _Sensor(name, model, seed, time_, note) for name, model in eight_sensors(seed).items()
    }
    hospital = MqttHospital(sensors)
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(sensor.run(host, port), name=f"simulated {name}")
            for name, sensor in sensors.items()
        ]
        try:
            yield hospital
        finally:
            for task in running:
                task.cancel()
