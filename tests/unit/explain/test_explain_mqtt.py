from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt import driver_type
from drivers.mqtt.codec import Connack, Publish, to_frame
from drivers.mqtt.explain import explain
from drivers.mqtt.json_parts import json_parts
from gateway import Stretch
from tests.unit.explain.part_case import check, covers, flat, record

topics = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


def test_the_driver_offers_it() -> None:
    assert driver_type.explain is explain


def test_a_message_down_to_the_members_of_its_payload() -> None:
    payload = '{ "房间": "一号", "t": [21.5, {"ok": true}] }'.encode()
    data = to_frame(Publish("z/air", payload, 1, 7, dup=True, retain=True))
    parts = explain(record(data), None)
    check(parts, data)
    assert covers(parts, data)
    assert list(flat(parts))[:5] == [
        ("Protocol level", "MQTT 3.1.1"),
        ("Packet", "PUBLISH QoS 1 DUP RETAIN"),
        ("Remaining length", str(len(data) - 3)),
        ("Topic", "z/air"),
        ("Packet identifier", "7"),
    ]
    members = parts[-1].children
    assert list(flat(members)) == [
        ("房间", '"一号"'),
        ("t", ""),
        ("[0]", "21.5"),
        ("[1]", ""),
        ("ok", "true"),
    ]
    first = members[0]
    assert data[first.start : first.end].decode() == '"房间": "一号"'


def test_properties_and_long_lengths_of_mqtt_5() -> None:
    data = to_frame(Publish("t", b"x" * 300, 0, properties=b"\x01\x01"))
    parts = explain(record(data), None)
    assert covers(parts, data)
    assert ("Properties", "01 01") in list(flat(parts))
    assert ("Protocol level", "MQTT 5.0") in list(flat(parts))


def test_a_session_that_began_anew() -> None:
    data = to_frame(Connack(session_present=False, reason=0, properties=b""))
    parts = explain(record(data), None)
    assert covers(parts, data)
    assert ("Session present", "0") in list(flat(parts))


def test_a_payload_that_is_no_text_stands_in_hexadecimal() -> None:
    data = to_frame(Publish("t", b"\xff\x00a", 0))
    assert list(flat(explain(record(data), None)))[-1] == ("Payload", "\\xff\x00a")


@pytest.mark.parametrize("text", ["21.5", "{", "[" * 100_000, "", '{"a": 1' + " " * 70_000 + "}"])
def test_what_has_no_members_or_too_many_has_none(text: str) -> None:
    assert json_parts(Stretch(text, 0, "utf-8")) == ()


def test_deep_nesting_ends_in_one_part() -> None:
    parts = json_parts(Stretch("[" * 30 + "]" * 30, 0, "utf-8"))
    assert len(list(flat(parts))) == 21


@given(topics, jsons, st.integers(0, 4))
def test_any_message_is_covered(topic: str, value: object, indent: int) -> None:
    payload = json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "replace")
    data = to_frame(Publish(topic, payload, 1, 1))
    parts = explain(record(data), None)
    check(parts, data)
    assert covers(parts, data)


@given(st.binary(max_size=200))
def test_any_bytes_are_covered(data: bytes) -> None:
    parts = explain(record(data), None)
    check(parts, data)
    assert covers(parts, data)
