"""Which of the messages that came are happenings of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import yaml

from drivers.mqtt import driver_type
from drivers.mqtt.codec import Publish
from drivers.mqtt.hearing import listeners_by_topic
from drivers.mqtt.memory import Memory
from drivers.mqtt.pipeline import Names, Pipeline
from drivers.mqtt.profile import MqttDevice, MqttLink, MqttProfile
from drivers.mqtt.session import Session
from gateway import DeviceEntry, LinkEntry
from gateway.testing import MemoryPorts

NOON = 1_795_406_400
"""2026-11-23 04:00 UTC, in seconds."""


class Acknowledged:
    """Stands where a session would: what was acknowledged."""

    def __init__(self) -> None:
        self.packet_ids: list[int] = []

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        self.packet_ids += packet_ids


def door(**topic: Any) -> LinkEntry:
    text = (driver_type.home / "profiles" / "door-contact.yaml").read_text(encoding="utf-8")
    said = yaml.safe_load(text)
    (name,) = said["topics"]
    profile = MqttProfile.model_validate(
        {**said, "topics": {name: {**said["topics"][name], **topic}}}
    )
    device = DeviceEntry(
        "door", "Door", "sensors", profile, MqttDevice(topic_vars={"base": "z"}), 1.0
    )
    return LinkEntry("sensors", "mqtt", MqttLink(host="127.0.0.1"), None, (device,))


async def told(link: LinkEntry, *payloads: bytes, dup: bool = False) -> list[str]:
    """The states that became events; every message is acknowledged."""
    ports, session = MemoryPorts(), Acknowledged()
    ports.clock.advance(NOON - ports.clock.now() / 1e6)
    pipeline = Pipeline(
        ports=ports,
        session=cast("Session", session),
        listeners=listeners_by_topic(link),
        memory=Memory(200, 1024),
        names=Names("isogate"),
        limit=200,
    )
    async with asyncio.TaskGroup() as tasks:
        settling = tasks.create_task(pipeline.settle())
        for at, payload in enumerate(payloads, 1):
            again = dup and payload in payloads[: at - 1]
            number = payloads.index(payload) + 1 if again else at
            await pipeline.take(Publish("z/door", payload, packet_id=number, dup=again), tasks)
        await pipeline.finish()
        settling.cancel()
    assert len(session.packet_ids) == len(payloads)
    return [each.readings[0].text for each in ports.publications]


def said(state: str, time: str = "2026-11-23T12:00:00+08:00") -> bytes:
    return f'{{"contact": {state}, "last_seen": "{time}"}}'.encode()


OPEN, CLOSED = said("false"), said("true")


async def test_a_door_that_bounces_within_a_second_tells_each_of_its_states() -> None:
    assert await told(door(), OPEN, CLOSED, OPEN) == ["false", "true", "false"]


async def test_the_same_state_at_the_same_time_is_told_once() -> None:
    assert await told(door(), OPEN, OPEN, CLOSED, CLOSED) == ["false", "true"]


async def test_a_redelivery_is_known_whatever_came_between() -> None:
    assert await told(door(), OPEN, CLOSED, OPEN, CLOSED, dup=True) == ["false", "true"]


async def test_a_clock_that_was_never_set_identifies_nothing() -> None:
    never = said("false", "1970-01-01T00:00:00Z")
    assert await told(door(), never, never) == ["false", "false"]


async def test_a_declared_identity_holds_whatever_came_between() -> None:
    numbered = door(identity=["$.seq"])
    first, second = (b'{"contact": false, "seq": 1}', b'{"contact": true, "seq": 2}')
    assert await told(numbered, first, second, first) == ["false", "true"]
