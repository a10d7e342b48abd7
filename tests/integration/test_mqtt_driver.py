"""The MQTT driver against a real Mosquitto, with `mosquitto_pub` as the sensor."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from drivers.mqtt import driver_type
from drivers.mqtt.broker import BrokerOptions, room
from drivers.mqtt.codec import Publish, from_frame, puback
from drivers.mqtt.profile import MqttDevice, MqttLink, MqttProfile
from gateway import (
    DeviceEntry,
    DeviceUnavailable,
    Direction,
    LinkEntry,
    Publication,
    Quality,
    QuarantineReason,
    StoreError,
)
from gateway.testing import MemoryPorts, room_context
from simulators.mqtt import mqtt_hospital
from tests.peers import Broker, free_port, mosquitto_beside, require_peer

pytestmark = pytest.mark.peer

_WORD = "open sesame"

PROFILE = MqttProfile.model_validate(
    {
        "profile": "thing",
        "driver": "mqtt",
        "title": "Thing",
        "grade": "derived",
        "source": "this test",
        "topics": {"state": {"topic": "z/{device}", "identity": ["$.seq"]}},
        "availability": {"topic": "z/{device}/lwt"},
        "points": {"temperature": {"unit": "Cel"}},
    }
)


@pytest.fixture(params=["3.1.1", 5])
def version(request: pytest.FixtureRequest) -> Literal["3.1.1", 5]:
    return request.param  # type: ignore[no-any-return]


def link(broker: Broker, *devices: str, **options: Any) -> LinkEntry:
    entries = tuple(
        DeviceEntry(name, name, "sensors", PROFILE, MqttDevice(), 1.0) for name in devices
    )
    model = MqttLink(host=broker.host, port=broker.port, **options)
    return LinkEntry("sensors", "mqtt", model, None, entries)


@asynccontextmanager
async def serving(ports: MemoryPorts, entry: LinkEntry) -> AsyncIterator[asyncio.Task[None]]:
    """The driver at work for the block, stopped politely at its end."""
    before = len(ports.sessions)
    task = asyncio.ensure_future(driver_type.build(entry).run(ports))  # type: ignore[union-attr]
    try:
        served = asyncio.ensure_future(ports.until(lambda: len(ports.sessions) > before))
        await asyncio.wait((task, served), return_when=asyncio.FIRST_COMPLETED)
        served.cancel()
        yield task
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def send(
    broker: Broker, topic: str, *payloads: str, retain: bool = False, qos: int = 1
) -> None:
    """Publish; when it returns with QoS 1, the broker has every payload."""
    program = require_peer("mosquitto_pub")
    place = ("-h", broker.host, "-p", str(broker.port), "-q", str(qos), "-V", "mqttv311")
    more = ("-r",) if retain else ()
    process = await asyncio.create_subprocess_exec(
        program, *place, *more, "-t", topic, "-l", stdin=asyncio.subprocess.PIPE
    )
    await process.communicate("".join(f"{payload}\n" for payload in payloads).encode())
    assert process.returncode == 0


def values(publications: Sequence[Publication]) -> list[str]:
    return [publication.readings[0].text for publication in publications]


def pubacks(ports: MemoryPorts) -> bytes:
    return b"".join(data for direction, data in ports.tapped if direction is Direction.OUT)


async def test_a_reading_arrives_with_the_digits_that_were_sent(
    broker: Broker, version: Literal["3.1.1", 5]
) -> None:
    ports = MemoryPorts()
    async with serving(ports, link(broker, "t01", version=version)):
        await send(broker, "z/t01", '{"temperature": 21.50}')
        await ports.until(lambda: bool(ports.publications))
    assert values(ports.publications) == ["21.50"]
    packets = {record.raw_id: from_frame(record.data) for record in ports.records}
    packet = packets[ports.publications[0].raw_ids[0]]
    assert isinstance(packet, Publish)
    assert (packet.topic, packet.payload) == ("z/t01", b'{"temperature": 21.50}')
    assert pubacks(ports) == puback(packet.packet_id)


async def test_the_same_reading_twice_is_two_readings(broker: Broker) -> None:
    ports = MemoryPorts()
    async with serving(ports, link(broker, "t01")):
        await send(broker, "z/t01", '{"temperature": 21}', '{"temperature": 21}')
        await ports.until(lambda: len(ports.publications) == 2)


async def test_the_same_numbered_message_published_twice_is_one(broker: Broker) -> None:
    ports = MemoryPorts()
    async with serving(ports, link(broker, "t01")):
        numbered = '{"temperature": 21, "seq": 7}'
        await send(broker, "z/t01", numbered, numbered, '{"temperature": 22, "seq": 8}')
        await ports.until(lambda: len(ports.publications) == 2)
    assert values(ports.publications) == ["21", "22"]


async def test_nothing_is_acknowledged_before_its_commit(broker: Broker) -> None:
    ports = MemoryPorts()
    async with serving(ports, link(broker, "t01")):
        ports.hold()
        await send(broker, "z/t01", *(f'{{"temperature": {at}}}' for at in range(50)))
        assert pubacks(ports) == b""
        ports.release()
        await ports.until(lambda: len(ports.publications) == 50)
    packet_ids = [packet.packet_id for packet in messages(ports)]
    assert pubacks(ports) == b"".join(map(puback, packet_ids))
    assert values(ports.publications) == [str(at) for at in range(50)]


def messages(ports: MemoryPorts) -> list[Publish]:
    packets = (from_frame(record.data) for record in ports.records)
    return [packet for packet in packets if isinstance(packet, Publish)]


async def test_killed_between_commit_and_puback_it_is_one_event(
    broker: Broker, version: Literal["3.1.1", 5]
) -> None:
    ports = MemoryPorts()
    entry = link(broker, "t01", version=version)
    async with serving(ports, entry) as task:
        ports.dies_after = ConnectionResetError("killed")
        await send(broker, "z/t01", '{"temperature": 21}')
        await asyncio.wait((task,))
        assert isinstance(task.exception(), ConnectionResetError)
    assert pubacks(ports) == b""
    async with serving(ports, entry):
        await send(broker, "z/t01", '{"temperature": 21}')
        await ports.until(lambda: len(ports.publications) == 2)
    assert len(messages(ports)) == 2
    redelivered = [
        data for way, data in ports.tapped if way is Direction.IN and data[0] & 0xF8 == 0x38
    ]
    assert len(redelivered) == 1


async def test_killed_again_and_again_it_is_still_one_event(broker: Broker) -> None:
    ports = MemoryPorts()
    entry = link(broker, "t01", in_flight=4)
    await offline_session(ports, entry)
    await send(broker, "z/t01", *('{"temperature": 21}' for _ in range(20)))
    for _ in range(12):
        ports.dies_after = ConnectionResetError("killed")
        async with serving(ports, entry) as task:
            await asyncio.wait((task,))
    async with serving(ports, entry):
        await ports.until(lambda: len(ports.publications) == 20)
        await send(broker, "z/t01", '{"temperature": 22}')
        await ports.until(lambda: values(ports.publications)[-1] == "22")
    assert len(ports.publications) == 21


async def offline_session(ports: MemoryPorts, entry: LinkEntry) -> None:
    """Let the broker open a session for the link, and leave."""
    async with serving(ports, entry):
        pass


async def test_what_the_store_refuses_comes_again(
    broker: Broker, version: Literal["3.1.1", 5]
) -> None:
    ports = MemoryPorts()
    entry = link(broker, "t01", version=version)
    async with serving(ports, entry) as task:
        ports.store_works = False
        await send(broker, "z/t01", '{"temperature": 1}', '{"temperature": 2}')
        await asyncio.wait((task,))
        assert isinstance(task.exception(), StoreError)
    assert pubacks(ports) == b""
    ports.store_works = True
    async with serving(ports, entry):
        await ports.until(lambda: len(ports.publications) == 2)
    assert values(ports.publications) == ["1", "2"]


async def test_the_broker_keeps_messages_while_the_gateway_is_away(
    broker: Broker, version: Literal["3.1.1", 5]
) -> None:
    ports = MemoryPorts()
    entry = link(broker, "t01", version=version, in_flight=7)
    await offline_session(ports, entry)
    await send(broker, "z/t01", *(f'{{"temperature": {at}}}' for at in range(500)))
    async with serving(ports, entry):
        await ports.until(lambda: len(ports.publications) == 500)
    assert values(ports.publications) == [str(at) for at in range(500)]


async def test_garbage_is_kept_and_stalls_nothing(broker: Broker) -> None:
    ports = MemoryPorts()
    async with serving(ports, link(broker, "t01")):
        await send(broker, "z/t01", "garbage", '{"temperature": NaN}', '{"temperature": 3}')
        await send(broker, "z/t01/lwt", "perhaps")
        await ports.until(lambda: len(ports.publications) == 1 and len(ports.quarantine_list) == 3)
    assert {entry.reason for entry in ports.quarantine_list} == {QuarantineReason.UNREADABLE}
    kept = {record.raw_id: record.data for record in ports.records}
    assert kept[ports.quarantine_list[0].raw_id].endswith(b"garbage")
    assert len(pubacks(ports)) == 4 * 4


async def test_a_device_that_nobody_knows_is_put_on_the_work_list(broker: Broker) -> None:
    ports = MemoryPorts()
    async with serving(ports, link(broker, "t01", discover="z/#")):
        await send(broker, "z/t99", '{"temperature": 1}')
        await send(broker, "z/t01", '{"temperature": 2}')
        await ports.until(lambda: len(ports.publications) == 1)
    (entry,) = ports.quarantine_list
    assert (entry.reason, entry.subject) == (QuarantineReason.UNKNOWN_DEVICE, "z/t99")


async def test_a_retained_message_is_one_event_however_often_it_is_replayed(
    broker: Broker, version: Literal["3.1.1", 5]
) -> None:
    ports = MemoryPorts()
    entry = link(broker, "t01", version=version)
    await send(broker, "z/t01", '{"temperature": 21}', retain=True)
    for _ in range(3):
        await ports.availability("t01", online=False)
        async with serving(ports, entry):
            await send(broker, "z/t01/lwt", "online")
            await ports.until(lambda: ports.availabilities[-1][1])
    replayed = [data for way, data in ports.tapped if way is Direction.IN and data[0] == 0x33]
    assert len(replayed) == (3 if version == "3.1.1" else 1)
    assert values(ports.publications) == ["21"]
    assert ports.publications[0].readings[0].quality is Quality.UNCERTAIN


async def test_another_retained_message_is_another_event(broker: Broker) -> None:
    ports = MemoryPorts()
    entry = link(broker, "t01", version="3.1.1")
    for temperature in (21, 22):
        await send(broker, "z/t01", f'{{"temperature": {temperature}}}', retain=True)
        async with serving(ports, entry):
            await ports.until(lambda: values(ports.publications)[-1:] == [str(temperature)])  # noqa: B023
    assert len(ports.publications) == 2


async def test_who_is_there_is_asked_anew_in_each_connection(
    broker: Broker, version: Literal["3.1.1", 5]
) -> None:
    ports = MemoryPorts()
    await send(broker, "z/t01/lwt", "online", retain=True)
    for _ in range(2):
        await ports.availability("t01", online=False, reason="link sensors is down")
        async with serving(ports, link(broker, "t01", version=version)):
            await ports.until(lambda: ports.availabilities[-1] == ("t01", True, ""))


async def test_a_retained_value_does_not_bring_back_one_who_left(broker: Broker) -> None:
    ports = MemoryPorts()
    await send(broker, "z/t01/lwt", "offline", retain=True)
    async with serving(ports, link(broker, "t01")):
        await ports.until(lambda: bool(ports.availabilities))
        assert ports.availabilities[-1] == ("t01", False, "it says so on z/t01/lwt")


async def test_other_topics_in_a_session_that_goes_on(broker: Broker) -> None:
    ports = MemoryPorts()
    await offline_session(ports, link(broker, "t01"))
    async with serving(ports, link(broker, "t02")):
        await send(broker, "z/t01", '{"temperature": 1}')
        await send(broker, "z/t02", '{"temperature": 2}')
        await ports.until(lambda: values(ports.publications) == ["2"])
        await send(broker, "z/t01", '{"temperature": 3}')
        await send(broker, "z/t02", '{"temperature": 4}')
        await ports.until(lambda: values(ports.publications) == ["2", "4"])
    assert [entry.subject for entry in ports.quarantine_list] == ["z/t01"]


async def test_devices_that_share_a_topic_each_hear_it(broker: Broker) -> None:
    ports = MemoryPorts()
    twins = tuple(
        DeviceEntry(name, name, "sensors", PROFILE, MqttDevice(topic_vars={"device": "both"}), 1.0)
        for name in ("left", "right")
    )
    options = MqttLink(host=broker.host, port=broker.port)
    async with serving(ports, LinkEntry("sensors", "mqtt", options, None, twins)):
        await send(broker, "z/both", '{"temperature": 1}')
        await ports.until(lambda: len(ports.publications) == 2)
    assert [publication.device for publication in ports.publications] == ["left", "right"]
    assert len({publication.raw_ids for publication in ports.publications}) == 1


async def test_a_polite_stop_acknowledges_what_is_being_committed(broker: Broker) -> None:
    ports = MemoryPorts()
    entry = link(broker, "t01")
    async with serving(ports, entry) as task:
        ports.hold()
        await send(broker, "z/t01", '{"temperature": 1}', '{"temperature": 2}')
        await asyncio.wait_for(until_tapped(ports, 2), 10)
        task.cancel()
        ports.release()
        await asyncio.wait((task,))
        assert task.cancelled()
    assert len(pubacks(ports)) == 2 * 4
    ports.tapped.clear()
    async with serving(ports, entry):
        await send(broker, "z/t01", '{"temperature": 3}')
        await ports.until(lambda: values(ports.publications) == ["1", "2", "3"])
    assert [data[0] for way, data in ports.tapped if way is Direction.IN and data[0] & 0x08] == []


async def until_tapped(ports: MemoryPorts, messages: int) -> None:
    """Wait until the driver has received so many messages; their commits may still be held."""
    while sum(data[0] >> 4 == 3 for _, data in ports.tapped) < messages:  # noqa: ASYNC110 - a tap
        await asyncio.sleep(0)


async def test_a_broker_that_is_not_there_is_unavailable() -> None:
    nowhere = link(Broker(free_port()), "t01")
    with pytest.raises(DeviceUnavailable, match="can't be reached"):
        await driver_type.build(nowhere).run(MemoryPorts())  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("version", "connack", "why"),
    [("3.1.1", "20020005", "Not authorized"), (5, "2003008600", "Bad user name or password")],
)
async def test_a_broker_that_refuses_us_says_why(
    version: Literal["3.1.1", 5], connack: str, why: str
) -> None:
    heard = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1024))
        writer.write(bytes.fromhex(connack))
        await reader.read(1024)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        broker = Broker(server.sockets[0].getsockname()[1])
        entry = link(broker, "t01", version=version, username="isogate", password=_WORD)
        with pytest.raises(DeviceUnavailable, match=why) as caught:
            await driver_type.build(entry).run(MemoryPorts())  # type: ignore[union-attr]
    assert b"isogate" in heard[0]
    assert _WORD.encode() in heard[0]
    assert _WORD not in f"{caught.value} {entry}"


async def test_a_connection_under_tls_checks_who_answers(tmp_path: Path) -> None:
    ca = await certificate(tmp_path)
    port = free_port()
    extra = (
        f"listener {port} 127.0.0.1\nallow_anonymous true\n"
        f"certfile {ca}\nkeyfile {tmp_path / 'key.pem'}\n"
    )
    async with mosquitto_beside(tmp_path / "broker", extra=extra) as plain:
        broker, ports = Broker(port, "localhost"), MemoryPorts()
        async with serving(ports, link(broker, "t01", tls={"ca": ca})):
            await send(plain, "z/t01", *(f'{{"temperature": {at}}}' for at in range(300)))
            await ports.until(lambda: len(ports.publications) == 300)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    """The warning is paho's: it leaves the socket of a failed handshake to the collector."""
    ca = await certificate(tmp_path)
    port = free_port()
    extra = f"listener {port} 127.0.0.1\ncertfile {ca}\nkeyfile {tmp_path / 'key.pem'}\n"
    async with mosquitto_beside(tmp_path / "broker", extra=extra):
        entry = link(Broker(port, "localhost"), "t01", tls={})
        with pytest.raises(DeviceUnavailable, match="certificate verify failed"):
            await driver_type.build(entry).run(MemoryPorts())  # type: ignore[union-attr]
        gc.collect()


async def test_a_stop_is_not_held_up_by_a_store_that_hangs(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.mqtt.pipeline._GRACE", 0.05)
    ports = MemoryPorts()
    async with serving(ports, link(broker, "t01")) as task:
        ports.hold()
        await send(broker, "z/t01", '{"temperature": 1}')
        await asyncio.wait_for(until_tapped(ports, 1), 10)
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
    assert (pubacks(ports), ports.publications) == (b"", [])


async def test_a_message_of_quality_0_is_kept_and_not_acknowledged(broker: Broker) -> None:
    ports = MemoryPorts()
    async with serving(ports, link(broker, "t01")):
        await send(broker, "z/t01", '{"temperature": 1}', qos=0)
        await ports.until(lambda: bool(ports.publications))
    assert pubacks(ports) == b""
    assert ports.records[-1].session == "isogate-sensors/qos0"


async def certificate(folder: Path) -> Path:
    """A certificate for `localhost` that signs itself; its key is `key.pem` beside it."""
    program = require_peer("openssl")
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    process = await asyncio.create_subprocess_exec(
        program, *options.split(), "subjectAltName=DNS:localhost",
        "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await process.wait() == 0
    return folder / "cert.pem"


async def test_a_broker_that_redelivers_as_new_loses_nothing(tmp_path: Path) -> None:
    pytest.importorskip("iotcore", reason="NOT TESTED, iotcore is not installed")
    options = BrokerOptions(mode="managed", program="iotcore", port=free_port())
    async with room.open(room_context(tmp_path, section=options)):
        broker, ports = Broker(options.port), MemoryPorts()
        entry = link(broker, "t01", version="3.1.1")
        async with serving(ports, entry) as task:
            ports.dies_after = ConnectionResetError("killed")
            await send(
                broker, "z/t01", '{"temperature": 1, "seq": 1}', '{"temperature": 2, "seq": 2}'
            )
            await asyncio.wait((task,))
        async with serving(ports, entry):
            await send(broker, "z/t01", '{"temperature": 3, "seq": 3}')
            await ports.until(lambda: values(ports.publications)[-1] == "3")
        assert values(ports.publications) == ["1", "2", "3"]


async def test_a_broker_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    ports = MemoryPorts()
    async with mosquitto_beside(tmp_path) as broker:
        serve = serving(ports, link(broker, "t01"))
        task = await serve.__aenter__()
    await asyncio.wait((task,))
    assert isinstance(task.exception(), DeviceUnavailable)
    await serve.__aexit__(None, None, None)


async def test_every_simulated_sensor_has_a_value(broker: Broker) -> None:
    ports = MemoryPorts()
    kinds = {
        "air": "temperature-humidity",
        "door": "door-contact",
        "radiation": "radiation-area-monitor",
    }
    async with mqtt_hospital(broker.host, broker.port, speed=20) as hospital:
        devices = tuple(built_in(name, kinds[name.rsplit("-", 1)[1]]) for name in hospital.sensors)
        options = MqttLink(host=broker.host, port=broker.port)
        async with serving(ports, LinkEntry("sensors", "mqtt", options, None, devices)):
            everyone = set(hospital.sensors)
            await ports.until(lambda: {each.device for each in ports.publications} == everyone)
            await ports.until(lambda: {each[0] for each in ports.availabilities} == everyone)
            hospital.fault("bunker-1-radiation", "garbage")
            hospital.fault("bunker-1-air", "cut")
            await ports.until(
                lambda: {each.device for each in ports.quarantine_list} == {"bunker-1-radiation"}
            )
            await ports.until(
                lambda: ("bunker-1-air", False) in [each[:2] for each in ports.availabilities]
            )
    known = {code for each in devices for code in each.profile.points}
    assert {reading.code for each in ports.publications for reading in each.readings} <= known


def built_in(name: str, profile: str) -> DeviceEntry:
    text = (driver_type.home / "profiles" / f"{profile}.yaml").read_text(encoding="utf-8")
    model = MqttProfile.model_validate(yaml.safe_load(text))
    options = MqttDevice(topic_vars={"base": "zigbee2mqtt"})
    return DeviceEntry(name, name, "sensors", model, options, 1.0)
