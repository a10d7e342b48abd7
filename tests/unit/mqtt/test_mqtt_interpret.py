"""What messages say of a device, by its profile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.mqtt import driver_type
from drivers.mqtt.codec import Connack, Publish, to_frame
from drivers.mqtt.driver import check, client_id
from drivers.mqtt.hearing import interpret
from drivers.mqtt.interpret import Listener, Said, listeners
from drivers.mqtt.profile import MqttDevice, MqttLink, MqttProfile
from gateway import (
    DeviceEntry,
    DeviceOptions,
    Direction,
    Instant,
    LinkEntry,
    ProtocolViolation,
    Publication,
    Quality,
    RawId,
    Reading,
    WireRecord,
    from_datetime,
)

HEAD = {"profile": "thing", "driver": "mqtt", "title": "Thing", "grade": "derived", "source": "x"}
AIR: dict[str, Any] = {
    "topics": {"state": {"topic": "z/{device}", "ignore": ["$.linkquality"]}},
    "points": {"temperature": {"unit": "Cel"}, "on": {"kind": "state", "at": "$.relay[0].on"}},
}


def device(profile: dict[str, Any], **topic_vars: str) -> DeviceEntry:
    model = MqttProfile.model_validate(HEAD | profile)
    return DeviceEntry("t01", "T", "sensors", model, MqttDevice(topic_vars=topic_vars), 1.0)


def only(profile: dict[str, Any], name: str = "z/t01") -> Listener:
    return dict(listeners(device(profile)))[name]


def hear(profile: dict[str, Any], payload: bytes, *, retain: bool = False) -> Said:
    return only(profile).hear(Publish("z/t01", payload, packet_id=1, retain=retain))


def texts(said: Said) -> dict[str, str]:
    return {reading.code: reading.text for reading in said.readings}


def test_points_are_read_in_the_devices_digits() -> None:
    said = hear(AIR, b'{"temperature": 21.50, "relay": [{"on": true}], "linkquality": 3}')
    assert said.readings == (Reading("temperature", "21.50", 21.5), Reading("on", "true"))
    assert said.device == "t01"
    assert said.online is None


def test_a_point_that_is_absent_or_null_is_not_read() -> None:
    assert texts(hear(AIR, b'{"temperature": null}')) == {}
    assert texts(hear(AIR, b"[]")) == {}


def test_a_number_that_no_point_names_is_given_under_its_path() -> None:
    said = hear(AIR, b'{"temperature": 1, "humidity": 40.0, "more": [{"x y": 2}], "name": "a"}')
    assert texts(said) == {"temperature": "1", "$.humidity": "40.0", '$.more[0]["x y"]': "2"}


def test_a_profile_may_ignore_what_it_does_not_name() -> None:
    quiet = AIR | {"topics": {"state": {"topic": "z/{device}", "unknown": "ignore"}}}
    assert texts(hear(quiet, b'{"temperature": 1, "humidity": 40}')) == {"temperature": "1"}


def test_unknown_numbers_of_one_message_are_bounded() -> None:
    payload = b'{"many": [%s]}' % b",".join([b"1"] * 5000)
    assert len(hear(AIR, payload).readings) == 32


def test_deep_nesting_is_read_or_refused() -> None:
    for depth in (900, 100_000):
        try:
            said = hear(AIR, b'{"a":' * depth + b"1" + b"}" * depth)
        except ProtocolViolation:
            continue
        assert len(said.readings) == 1


def test_a_measurement_in_quotes_is_a_number() -> None:
    assert hear(AIR, b'{"temperature": " 21.5 "}').readings[0].number == 21.5
    assert hear(AIR, b'{"temperature": "warm"}').readings[0].number is None


def test_a_structure_in_the_place_of_a_value_is_refused() -> None:
    for payload in (b'{"temperature": {"value": 1}}', b'{"temperature": [1]}'):
        with pytest.raises(ProtocolViolation, match="temperature is an"):
            hear(AIR, payload)


def test_the_devices_clock_is_kept_and_is_no_identity() -> None:
    timed = {"topic": "z/{device}", "observed_at": {"at": "$.ts", "format": "s"}}
    profile = AIR | {"topics": {"state": timed}}
    said = hear(profile, b'{"temperature": 1, "ts": 1795392000}', retain=True)
    assert not said.identified
    assert said.observed_at == said.readings[0].observed_at
    assert said.readings[0].observed_at == from_datetime(datetime(2026, 11, 23, tzinfo=UTC))
    assert said.readings[0].quality is Quality.GOOD
    assert not hear(profile, b'{"temperature": 1}').identified


def test_a_declared_identity_counts_only_when_it_is_whole() -> None:
    numbered = {"topic": "z/{device}", "identity": ["$.boot", "$.seq"]}
    profile = AIR | {"topics": {"state": numbered}}
    assert hear(profile, b'{"boot": "a", "seq": 1}').identified
    assert not hear(profile, b'{"seq": 1}').identified
    assert not hear(profile, b'{"boot": null, "seq": 1}').identified


@pytest.mark.parametrize("words", [("true", "false"), (True, False)])
def test_availability_may_be_a_truth(words: tuple[object, object]) -> None:
    said = {"topic": "z/{device}/up", "at": "$.on", "online": words[0], "offline": words[1]}
    up = dict(listeners(device(AIR | {"availability": said})))["z/t01/up"]

    def online(payload: bytes) -> bool | None:
        return up.hear(Publish("z/t01/up", payload, packet_id=1)).online

    assert (online(b'{"on": true}'), online(b'{"on": false}')) == (True, False)
    assert online(b'{"on": "true"}') is True
    with pytest.raises(ProtocolViolation):
        online(b'{"on": 1}')


def test_a_retained_value_without_a_time_is_uncertain() -> None:
    assert hear(AIR, b'{"temperature": 1}', retain=True).readings[0].quality is Quality.UNCERTAIN
    assert hear(AIR, b'{"temperature": 1}').readings[0].quality is Quality.GOOD


def test_a_text_payload_is_one_value() -> None:
    profile: dict[str, Any] = {
        "topics": {"t": {"topic": "z/{device}", "payload": "text"}},
        "points": {"temperature": {"unit": "Cel"}},
    }
    assert hear(profile, b" 21.50\n").readings == (Reading("temperature", "21.50", 21.5),)
    for payload in (b"nan", b"21,5", b"\xff", b" "):
        with pytest.raises(ProtocolViolation):
            hear(profile, payload)


def test_a_text_payload_may_be_a_state() -> None:
    profile: dict[str, Any] = {
        "topics": {"t": {"topic": "z/{device}", "payload": "text"}},
        "points": {"door": {"kind": "state", "states": {"OPEN": "open"}}},
    }
    assert hear(profile, b"OPEN").readings == (Reading("door", "OPEN"),)


def test_availability_is_a_word_or_stands_in_json() -> None:
    plain = AIR | {"availability": {"topic": "z/{device}/lwt", "online": "Online"}}
    in_json = AIR | {"availability": {"topic": "z/{device}/lwt", "at": "$.state"}}
    cases = [(plain, b"Online", True), (plain, b"offline\n", False)]
    cases += [(in_json, b'{"state":"online"}', True), (in_json, b'{"state":"offline"}', False)]
    for profile, payload, online in cases:
        said = only(profile, "z/t01/lwt").hear(Publish("z/t01/lwt", payload, packet_id=1))
        assert (said.online, said.readings) == (online, ())
    for profile, payload in ((plain, b"1"), (in_json, b'{"state":1}'), (in_json, b"{}")):
        with pytest.raises(ProtocolViolation, match="availability is not"):
            only(profile, "z/t01/lwt").hear(Publish("z/t01/lwt", payload, packet_id=1))


@given(st.binary(max_size=80), st.booleans())
def test_no_payload_makes_a_listener_crash(payload: bytes, retain: bool) -> None:  # noqa: FBT001
    try:
        hear(AIR, payload, retain=retain)
    except ProtocolViolation:
        return


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"points": {}}, "at least 1"),
        ({"points": {"a": {"topic": "nowhere"}}}, "not under topics"),
        ({"points": {"a": {"at": "temperature"}}}, "must begin with"),
        ({"topics": {"s": {"topic": "z/#"}}}, "wildcard"),
        ({"topics": {"s": {"topic": "z", "payload": "text"}}}, "exactly one point"),
        ({"topics": {"s": {"topic": "z"}, "t": {"topic": "y"}}}, "say which topic"),
        (
            {
                "topics": {"s": {"topic": "z"}, "t": {"topic": "y"}},
                "points": {"a": {"topic": "s"}},
            },
            "no point is read from it",
        ),
        (
            {"topics": {"s": {"topic": "z", "observed_at": {"at": "$.t", "zone": "Mars/Base"}}}},
            "is not known",
        ),
        (
            {"topics": {"s": {"topic": "z", "observed_at": {"at": "t", "zone": "Asia/Shanghai"}}}},
            "must begin with",
        ),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(change: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        MqttProfile.model_validate(HEAD | AIR | change)


def link(name: str, *devices: DeviceEntry, client: str = "") -> LinkEntry:
    options = MqttLink(host="127.0.0.1", client_id=client)
    return LinkEntry(name, "mqtt", options, None, devices)


def test_two_links_may_not_share_a_client_id() -> None:
    found = list(check([link("a", client="x"), link("b", client="x"), link("c")]))
    assert [(finding.link, finding.key) for finding in found] == [("b", "client_id")]
    assert client_id(link("c")) == "isogate-c"


def test_missing_topic_variables_are_told_at_the_device() -> None:
    needy = device(AIR | {"topics": {"state": {"topic": "{base}/{device}"}}})
    found = list(check([link("a", needy)]))
    assert [(finding.device, finding.key) for finding in found] == [("t01", "topic_vars")]
    assert "base" in found[0].message


def test_entries_of_another_driver_are_a_mistake() -> None:
    with pytest.raises(TypeError, match="not a link"):
        driver_type.build(LinkEntry("a", "mqtt", driver_type.device(), None, ()))  # type: ignore[arg-type]
    other = DeviceEntry("t01", "T", "a", device(AIR).profile, DeviceOptions(), 1.0)
    with pytest.raises(TypeError, match="not a device"):
        list(listeners(other))


def journalled(message: Publish | Connack) -> WireRecord:
    return WireRecord(RawId(7), "a", "t01", Direction.IN, "c", Instant(0), to_frame(message))


def test_a_journalled_message_is_read_again_as_the_same_happening() -> None:
    entry = link("a", device(AIR))
    record = journalled(Publish("z/t01", b'{"temperature": 21.50}', packet_id=1))
    first = interpret(entry, [record], record.raw_id)
    assert [texts_of(each) for each in first] == [{"temperature": "21.50"}]
    assert interpret(entry, [record], record.raw_id) == first
    assert interpret(entry, [record], RawId(8)) == ()


@pytest.mark.parametrize(
    ("message", "what"),
    [(Publish("z/t01", b"garbage", 0), "not JSON"), (Publish("z/t99", b"1", 0), "no device")],
)
def test_what_still_says_nothing_is_refused_again(message: Publish, what: str) -> None:
    record = journalled(message)
    with pytest.raises(ProtocolViolation, match=what):
        interpret(link("a", device(AIR)), [record], record.raw_id)


@pytest.mark.parametrize("message", [Connack(session_present=False), Publish("z/t01", b"", 0)])
def test_a_packet_that_says_nothing_gives_nothing(message: Publish | Connack) -> None:
    record = journalled(message)
    assert list(interpret(link("a", device(AIR)), [record], record.raw_id)) == []


def texts_of(publication: Publication) -> dict[str, str]:
    return {reading.code: reading.text for reading in publication.readings}
