"""Which message repeats which."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt.codec import Connack, Packet, Publish, to_frame
from drivers.mqtt.memory import Memory
from gateway import Direction, Instant, WireRecord
from gateway.model import RawId


def record(raw_id: int, packet: Packet) -> WireRecord:
    frame = to_frame(packet)
    return WireRecord(RawId(raw_id), "l", "", Direction.IN, "c", Instant(raw_id), frame)


def memory_of(packets: Iterable[Packet], window: int = 10) -> Memory:
    memory = Memory(window, topics=10)
    memory.recall(record(at, packet) for at, packet in enumerate(packets, 1))
    return memory


def message(
    packet_id: int,
    payload: bytes = b"1",
    topic: str = "t",
    *,
    dup: bool = False,
    retain: bool = False,
) -> Publish:
    return Publish(topic, payload, packet_id=packet_id, dup=dup, retain=retain)


def test_a_redelivery_is_known_by_packet_identifier_topic_and_payload() -> None:
    memory = memory_of([message(1), message(2, b"2")])
    known = memory.repeated(message(1, dup=True))
    assert known is not None
    assert known.raw_id == 1
    for other in (
        message(3, dup=True),
        message(1, b"2", dup=True),
        message(1, topic="u", dup=True),
    ):
        assert memory.repeated(other) is None


def test_the_same_reading_again_is_no_repetition() -> None:
    assert memory_of([message(1)]).repeated(message(1)) is None


def test_a_packet_identifier_used_again_stands_for_its_last_message() -> None:
    memory = memory_of([message(1), message(1, b"2")])
    assert memory.repeated(message(1, dup=True)) is None
    assert memory.repeated(message(1, b"2", dup=True)) is not None


def test_a_new_session_of_the_broker_forgets_packet_identifiers() -> None:
    memory = memory_of([message(1), Connack(session_present=False), message(2)])
    assert memory.repeated(message(1, dup=True)) is None
    assert memory.repeated(message(2, dup=True)) is not None


def test_a_session_that_went_on_forgets_nothing() -> None:
    memory = memory_of([message(1), Connack(session_present=True)])
    assert memory.repeated(message(1, dup=True)) is not None


def test_a_retained_message_repeats_the_last_one_of_its_topic() -> None:
    memory = memory_of([message(1), message(2, b"2"), Connack(session_present=False)])
    assert memory.repeated(message(9, b"2", retain=True)) is not None
    assert memory.repeated(message(9, b"1", retain=True)) is None
    assert memory.repeated(message(9, b"2", topic="u", retain=True)) is None


def test_a_timed_message_repeats_the_last_one_of_its_topic() -> None:
    memory = memory_of([message(1), message(2, b"2"), message(3, topic="u")])
    assert memory.repeated(message(9, b"2"), timed=True) is not None
    assert memory.repeated(message(9, b"1"), timed=True) is None
    assert memory.repeated(message(1, b"1", dup=True), timed=True) is not None
    assert memory.repeated(message(9, b"2")) is None


def test_a_redelivered_retained_message_is_known_either_way() -> None:
    assert memory_of([message(1)]).repeated(message(7, retain=True, dup=True)) is not None
    assert memory_of([message(1, retain=True)]).repeated(message(1, dup=True)) is not None


def test_messages_without_a_packet_identifier_leave_the_window_alone() -> None:
    others = [Publish("q", b"%d" % at, 0) for at in range(20)]
    assert memory_of([message(1), *others], window=3).repeated(message(1, dup=True)) is not None


def test_frames_of_another_kind_are_passed_over() -> None:
    memory = Memory(10, 10)
    strange = WireRecord(RawId(1), "l", "", Direction.IN, "c", Instant(1), b"\x99")
    memory.recall([record(2, message(1)), strange])
    assert memory.repeated(message(1, dup=True)) is not None


@given(st.lists(st.integers(1, 8), max_size=60), st.integers(1, 5))
def test_the_last_messages_of_the_window_are_known_in_whatever_order_they_come(
    packet_ids: list[int], window: int
) -> None:
    packets = [message(packet_id, b"%d" % at) for at, packet_id in enumerate(packet_ids)]
    memory = Memory(window, topics=10)
    memory.recall(reversed([record(at, packet) for at, packet in enumerate(packets, 1)]))
    latest = {packet.packet_id: packet for packet in packets}
    recent = sorted(latest.values(), key=packets.index)[-window:]
    for packet in recent:
        again = Publish(packet.topic, packet.payload, packet_id=packet.packet_id, dup=True)
        known = memory.repeated(again)
        assert known is not None
        assert known.raw_id == packets.index(packet) + 1
