"""MQTT packets in the journal."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt.codec import (
    Connack,
    Publish,
    encode,
    encode_length,
    from_frame,
    puback,
    strip_length,
    to_frame,
)
from gateway import ProtocolViolation
from tests.peers import count

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
properties = st.none() | st.binary(max_size=200)
publishes = st.builds(
    lambda topic, payload, qos, packet_id, dup, retain, more: Publish(
        topic, payload, qos, packet_id if qos else 0, dup, retain, more
    ),
    texts,
    st.binary(max_size=300),
    st.integers(0, 2),
    st.integers(1, 65_535),
    st.booleans(),
    st.booleans(),
    properties,
)
connacks = st.builds(Connack, st.booleans(), st.integers(0, 255), properties)


@given(publishes | connacks)
def test_a_journal_frame_gives_its_packet_back(packet: Publish | Connack) -> None:
    assert from_frame(to_frame(packet)) == packet


@given(publishes | connacks, st.data())
def test_a_truncated_frame_is_refused(packet: Publish | Connack, data: st.DataObject) -> None:
    frame = to_frame(packet)
    cut = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(ProtocolViolation) as caught:
        from_frame(frame[:cut])
    assert caught.value.raw == frame[:cut]


@given(publishes | connacks, st.binary(min_size=1, max_size=8))
def test_bytes_after_a_packet_are_refused(packet: Publish | Connack, more: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        from_frame(to_frame(packet) + more)


@given(st.integers(0, 268_435_455), st.binary(max_size=5))
def test_what_follows_a_variable_byte_integer_is_found(length: int, rest: bytes) -> None:
    assert strip_length(encode_length(length) + rest) == rest


@pytest.mark.parametrize("length", [-1, 268_435_456])
def test_a_length_without_a_variable_byte_integer_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="variable byte integer"):
        encode_length(length)


def test_the_bytes_are_those_of_the_standard() -> None:
    message = Publish("a/b", b"21.5", packet_id=10, dup=True)
    assert encode(message) == bytes.fromhex("3a0b 0003 612f62 000a 32312e35")
    assert encode(Connack(session_present=True)) == bytes.fromhex("20020100")
    assert puback(10) == bytes.fromhex("4002000a")


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        ("06 2002 0000", "protocol level"),
        ("04 2002 0200", "connect acknowledge flags"),
        ("04 2003 0000 00", "bytes after the packet"),
        ("04 2102 0000", "packet type"),
        ("04 4002 000a", "packet type"),
        ("04 3607 0003 612f62 000a", "quality of service 3"),
        ("04 3207 0003 612f62 0000", "packet identifier 0"),
        ("04 3207 0003 61ff62 000a", "not UTF-8"),
        ("04 32ffffffff7f", "variable byte integer"),
        ("04 328700 0003 612f62 000a", "variable byte integer"),
        ("", "too soon"),
    ],
)
def test_what_is_no_frame_is_named(frame: str, what: str) -> None:
    with pytest.raises(ProtocolViolation, match=what):
        from_frame(bytes.fromhex(frame))


def test_mutated_frames_are_read_or_refused() -> None:
    chance = random.Random(2026)
    seeds = [
        to_frame(Publish("zigbee2mqtt/t01", b'{"temperature":21.50}', packet_id=7)),
        to_frame(Publish("tele/r01/SENSOR", b'{"Seq":1}', 0, retain=True, properties=b"\x01\x00")),
        to_frame(Connack(session_present=False, properties=b"!\x00\xc8")),
    ]
    for _ in range(count(2_000, 20_000)):
        frame = _mutated(chance.choice(seeds), chance)
        try:
            packet = from_frame(frame)
        except ProtocolViolation:
            continue
        assert from_frame(to_frame(packet)) == packet


def _mutated(frame: bytes, chance: random.Random) -> bytes:
    mutated = bytearray(frame)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(mutated) + 1)
        match chance.randrange(3):
            case 0:
                mutated[at : at + 1] = chance.randbytes(1)
            case 1:
                mutated[at:at] = chance.randbytes(chance.randint(1, 4))
            case _:
                del mutated[at : at + chance.randint(1, 4)]
    return bytes(mutated)
