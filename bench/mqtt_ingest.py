"""Taking in what a broker holds: durable before PUBACK, against aiomqtt that acknowledges at once.

Both drain the same backlog of a private Mosquitto, one after the other, in this process; the
publisher has gone before.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench._mqtt_publisher import SENSORS, TOPIC
from bench.case import Case, Options
from bench.store_load import sealed
from drivers.mqtt import driver_type
from drivers.mqtt.profile import MQTT_5, MqttDevice, MqttLink, MqttProfile
from gateway.driver import DeviceEntry, LinkEntry, PollingDriver
from gateway.model import Micros, SystemClock
from gateway.registry import Registry
from gateway.store import EventStore
from gateway.supervisor import Intake, TapHub
from gateway.supervisor.ports import LinkPorts
from tests.peers import Broker, mosquitto_beside

Version: TypeAlias = Literal["3.1.1", 5]

_USUAL = 200
"""In flight at the private broker unless said otherwise."""

_PROFILE = {
    "profile": "bench-air",
    "driver": "mqtt",
    "title": "Air",
    "grade": "derived",
    "source": "this benchmark",
    "topics": {"state": {"topic": TOPIC, "observed_at": {"at": "$.last_seen"}}},
    "points": {
        "temperature": {"unit": "Cel"},
        "humidity": {"unit": "%"},
        "battery": {"unit": "%"},
    },
}


@dataclass(frozen=True, slots=True)
class _Load:
    """What is drained: messages of so many values, so many in flight at the broker's side."""

    count: int
    values: int
    in_flight: int
    version: Version

    @property
    def size(self) -> str:
        return "70-byte JSON, 1 event" if self.values == 1 else "105-byte JSON, 3 events"


_Drain: TypeAlias = Callable[[Broker, Path, _Load], Awaitable[float]]


async def run(options: Options) -> Sequence[Case]:
    """Goal 0.25 × aiomqtt's default; stretch 0.85. The best of three runs each, in turns."""
    count, rounds = (500, 1) if options.smoke else (20_000, 3)
    loads = (
        _Load(count, 1, 200, "3.1.1"),
        _Load(count, 3, 200, "3.1.1"),
        _Load(count, 3, 200, 5),
        _Load(count, 3, 20, 5),
    )
    return [await _case(load, rounds) for load in loads]


async def _case(load: _Load, rounds: int) -> Case:
    peers, ours = [], []
    for _ in range(rounds):
        peers.append(await _measured(_drain_aiomqtt, load))
        ours.append(await _measured(_drain_durably, load))
    return Case(
        name="mqtt_ingest",
        case=f"MQTT {load.version}, {load.size}, {load.in_flight} in flight",
        ours=max(ours),
        unit="message/s",
        better="higher",
        peer=max(peers),
        peer_name="aiomqtt with its defaults, in memory",
        goal=0.25,
        size=f"{load.size}, 8 topics",
        peer_ack="PUBACK before anybody has the message: 71 % lost at kill -9",
    )


async def _measured(drain: _Drain, load: _Load) -> float:
    """Messages a second, from the connection to the last message."""
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        home = Path(folder)
        extra = f"max_inflight_messages {load.in_flight}\n" if load.in_flight != _USUAL else ""
        async with mosquitto_beside(home / "broker", extra=extra) as broker:
            return await drain(broker, home, load)


async def _fill(broker: Broker, load: _Load) -> None:
    numbers = map(str, (broker.port, load.count, load.values))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench._mqtt_publisher", *numbers
    )
    if await process.wait():
        raise RuntimeError("the publisher failed")


async def _drain_aiomqtt(broker: Broker, _home: Path, load: _Load) -> float:
    protocol = (
        aiomqtt.ProtocolVersion.V5 if load.version == MQTT_5 else aiomqtt.ProtocolVersion.V311
    )
    client = _aiomqtt(broker, protocol)
    async with client:
        await client.subscribe("bench/#", qos=1)
    await _fill(broker, load)
    client = _aiomqtt(broker, protocol)
    begin = time.perf_counter()
    async with client:
        left = load.count
        async for _ in client.messages:
            left -= 1
            if not left:
                break
        return load.count / (time.perf_counter() - begin)


def _aiomqtt(broker: Broker, protocol: aiomqtt.ProtocolVersion) -> aiomqtt.Client:
    """Defaults but for a session that the broker keeps, without which there is no backlog."""
    if protocol is aiomqtt.ProtocolVersion.V5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 3600
        return aiomqtt.Client(
            broker.host, broker.port, identifier="bench-peer", protocol=protocol,
            clean_start=False, properties=properties,
        )  # fmt: skip
    return aiomqtt.Client(
        broker.host, broker.port, identifier="bench-peer", protocol=protocol, clean_session=False
    )


async def _drain_durably(broker: Broker, home: Path, load: _Load) -> float:
    """The driver over the real ports, normalizer and store, as the gateway runs them."""
    link = _link(broker, load)
    expected = load.values * load.count + SENSORS
    async with EventStore.open(home / "data", sealed(), SystemClock()) as store:
        connected = asyncio.Event()
        ports = _ports(link, store, connected)
        async with _serving(link, ports):
            await connected.wait()
        await _fill(broker, load)
        begin = time.perf_counter()
        async with _serving(link, ports), asyncio.timeout(120):
            while store.last_seq < expected:  # noqa: ASYNC110 - the store tells no sum
                await asyncio.sleep(0.001)
            return load.count / (time.perf_counter() - begin)


def _ports(link: LinkEntry, store: EventStore, connected: asyncio.Event) -> LinkPorts:
    clock = SystemClock()
    intake = Intake("bench", store, Registry(), clock, Micros(60_000_000))
    intake.configure([link], {"mqtt": driver_type})
    return LinkPorts(link, intake, TapHub(clock), lambda _: connected.set())


@asynccontextmanager
async def _serving(link: LinkEntry, ports: LinkPorts) -> AsyncIterator[None]:
    driver = driver_type.build(link)
    assert not isinstance(driver, PollingDriver)
    task = asyncio.create_task(driver.run(ports), name="mqtt link")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


def _link(broker: Broker, load: _Load) -> LinkEntry:
    profile = MqttProfile.model_validate(_PROFILE)
    devices = tuple(
        DeviceEntry(name, name, "sensors", profile, MqttDevice(), 1.0)
        for name in (f"sensor-{number}" for number in range(SENSORS))
    )
    options = MqttLink(host=broker.host, port=broker.port, version=load.version)
    return LinkEntry("sensors", "mqtt", options, None, devices)
