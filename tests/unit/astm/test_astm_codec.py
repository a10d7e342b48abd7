"""Framing by LIS1-A: what each byte sequence gives, in any segmentation."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.astm.codec import (
    Accept,
    Ack,
    Action,
    Begin,
    Ignore,
    Incomplete,
    Nak,
    Receiver,
    TransferComplete,
    checksum,
    ends_message,
    text_of,
)
from tests.peers import count
from tests.unit.astm.astm_kit import ENQ, EOT, frame, message

F1, F2, F3 = frame(1, b"H|one\r"), frame(2, b"P|two\r"), frame(3, b"L|three\r")

sticks = st.sampled_from(
    [ENQ, EOT, F1, F2, F3, b"\x06", b"\x15", b"noise", F1[:-1], F2[3:], b"\x02", b"\x021\x03"]
) | st.sampled_from(
    [frame(1, b"x" * 300), F1.replace(b"one", b"two"), b"\x021\x17F", b"\x03", b"\r\n"]
)
streams = st.lists(sticks | st.binary(max_size=6), max_size=12).map(b"".join)


def actions(stream: bytes, *, receiver: Receiver | None = None, now: float = 0.0) -> list[Action]:
    return list((receiver or Receiver()).feed(stream, now))


def merged(found: list[Action]) -> list[Action]:
    """Neighbouring ignored bytes as one: where a segment ends means nothing."""
    joined: list[Action] = []
    for action in found:
        if isinstance(action, Ignore) and joined and isinstance(joined[-1], Ignore):
            joined[-1] = Ignore(joined[-1].count + action.count)
        else:
            joined.append(action)
    return joined


def test_a_transfer() -> None:
    found = actions(ENQ + F1 + F2 + F3 + EOT)
    assert found == [Begin(), Accept(F1), Accept(F2), Accept(F3), TransferComplete()]


def test_frame_numbers_go_round_from_seven_to_nought() -> None:
    sent = [frame(number, b"R|%d\r" % number) for number in range(1, 20)]
    assert actions(ENQ + b"".join(sent))[1:] == [Accept(each) for each in sent]


def test_a_checksum_may_be_written_in_small_letters() -> None:
    good = frame(1, b"H|zzzz\r")
    small = good[:-4] + good[-4:-2].lower() + good[-2:]
    assert small != good
    assert actions(ENQ + small) == [Begin(), Accept(small)]


def test_an_intermediate_frame_is_a_frame() -> None:
    block = frame(1, b"R|half", last=False)
    assert actions(ENQ + block) == [Begin(), Accept(block)]
    assert not ends_message(block)
    assert ends_message(F1)
    assert text_of(F1) == b"H|one\r"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (F1[:-4] + b"00\r\n", "checksum 00, counted"),
        (frame(1, b"x", last=False)[:-4] + b"00\r\n", "checksum 00, counted"),
        (F1[:-4] + b"zz\r\n", "does not end in a checksum"),
        (F1[:-1] + b"x", "does not end in a checksum"),
        (frame(1, b"H|o\x00ne\r"), "control character"),
        (frame(1, b"H|o\x05ne\r"), "control character"),
        (F2, "came where 1 was due"),
        (frame(0, b"x"), "'0' came where 1 was due"),
        (b"\x02\x0303\r\n", "came where 1 was due"),
    ],
)
def test_a_bad_frame_is_refused_and_the_right_one_then_taken(bad: bytes, why: str) -> None:
    _, nak, accept = actions(ENQ + bad + F1)
    assert isinstance(nak, Nak)
    assert why in nak.reason
    assert accept == Accept(F1)


def test_a_repeated_frame_is_acknowledged_and_not_stored() -> None:
    assert actions(ENQ + F1 + F1 + F2 + F2)[1:] == [Accept(F1), Ack(), Accept(F2), Ack()]


def test_another_frame_with_the_last_number_is_refused() -> None:
    found = actions(ENQ + F1 + frame(1, b"H|other\r"))
    assert isinstance(found[-1], Nak)


def test_enq_in_a_transfer_begins_another() -> None:
    found = actions(ENQ + F1 + ENQ + F1)
    assert [type(each) for each in found] == [Begin, Accept, Incomplete, Begin, Accept]


def test_noise_is_ignored_and_counted() -> None:
    found = actions(b"abc" + ENQ + b"\x06\x15" + F1 + b"\r\n" + F2)
    assert found == [Ignore(3), Begin(), Ignore(2), Accept(F1), Ignore(2), Accept(F2)]


def test_without_an_enquiry_nothing_is_answered() -> None:
    assert merged(actions(F1 + EOT + b"\x06")) == [Ignore(len(F1) + 2)]


def test_stx_inside_a_frame_begins_another() -> None:
    assert actions(ENQ + F1[:5] + F1) == [Begin(), Ignore(5), Accept(F1)]
    for cut in range(1, len(F1)):
        found = merged(actions(ENQ + F1[:cut] + F1))
        assert found == [Begin(), Ignore(cut), Accept(F1)], cut


@pytest.mark.parametrize("command", [ENQ, EOT])
def test_a_command_inside_a_frame_is_garbled_text(command: bytes) -> None:
    garbled = F1[:5] + command + F1[6:]
    _, nak = actions(ENQ + garbled)
    assert isinstance(nak, Nak)


def test_a_frame_over_the_limit_is_refused_and_skipped() -> None:
    receiver = Receiver(limit=240)
    longest, endless = frame(1, b"x" * 240), frame(1, b"x" * 241)
    found = merged(actions(ENQ + endless + longest, receiver=receiver))
    assert [type(each) for each in found] == [Begin, Nak, Ignore, Accept]
    assert found[-1] == Accept(longest)


def test_an_endless_frame_takes_no_memory() -> None:
    receiver = Receiver(limit=240)
    actions(ENQ + b"\x021", receiver=receiver)
    for _ in range(100):
        list(receiver.feed(b"x" * 1000, 0.0))
        assert len(receiver._buffer) <= 1000 + 243


def test_a_gap_inside_a_frame_is_refused_and_the_rest_ignored() -> None:
    receiver = Receiver()
    actions(ENQ + F1[:4], receiver=receiver)
    assert receiver.tick(4.9) is None
    assert isinstance(receiver.tick(5.0), Nak)
    assert receiver.tick(5.0) is None
    assert merged(actions(F1[4:] + F1, receiver=receiver, now=5.1)) == [
        Ignore(len(F1) - 4),
        Accept(F1),
    ]


def test_a_gap_is_noticed_without_a_tick() -> None:
    receiver = Receiver()
    actions(ENQ + F1[:4], receiver=receiver)
    found = actions(F1, receiver=receiver, now=5.0)
    assert [type(each) for each in found] == [Nak, Accept]


def test_silence_ends_a_transfer() -> None:
    receiver = Receiver()
    actions(ENQ + F1, receiver=receiver)
    assert receiver.deadline == 30.0
    assert receiver.tick(29.9) is None
    assert receiver.tick(30.0) == Incomplete("silent for 30 s")
    assert receiver.tick(99.0) is None


def test_an_idle_receiver_waits_for_nothing() -> None:
    receiver = Receiver()
    assert receiver.deadline is None
    assert receiver.tick(1e9) is None


def test_a_lost_connection_ends_a_transfer() -> None:
    receiver = Receiver()
    assert receiver.hang_up() is None
    actions(ENQ, receiver=receiver)
    assert receiver.hang_up() == Incomplete("the connection ended before EOT")
    assert receiver.hang_up() is None


def test_what_was_withheld_is_taken_when_it_comes_again() -> None:
    receiver = Receiver()
    actions(ENQ + F1, receiver=receiver)
    for action in receiver.feed(F2, 0.0):
        assert action == Accept(F2)
        receiver.withhold()
    assert actions(F1 + F2, receiver=receiver) == [Ack(), Accept(F2)]


def test_a_withheld_enquiry_begins_nothing() -> None:
    receiver = Receiver()
    for _ in receiver.feed(ENQ, 0.0):
        receiver.withhold()
    assert actions(F1, receiver=receiver) == [Ignore(len(F1))]


def test_the_checksum_of_the_standard() -> None:
    assert checksum(b"\x03") == b"03"
    assert checksum(b"1" + b"\xff" * 3 + b"\x03") == b"%02X" % ((0x31 + 3 * 0xFF + 3) % 256)


@given(streams, st.data())
def test_segmentation_means_nothing(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, parts = Receiver(limit=240), Receiver(limit=240)
    expected = list(whole.feed(stream, 0.0))
    found = [action for piece in pieces for action in parts.feed(piece, 0.0)]
    assert merged(found) == merged(expected)
    assert parts.in_transfer == whole.in_transfer


@given(streams)
def test_every_accepted_frame_is_what_it_says(stream: bytes) -> None:
    for action in actions(stream):
        if isinstance(action, Accept):
            body = action.data[1:-4]
            assert action.data[0] == 2
            assert action.data[-2:] == b"\r\n"
            assert int(action.data[-4:-2], 16) == sum(body) % 256


def test_mutated_transfers_never_give_a_frame_that_was_not_sent() -> None:
    """A byte changed, lost or added: each frame is taken as it was sent, or not at all."""
    chance = random.Random(11)
    sent = message()
    honest = ENQ + b"".join(sent) + EOT
    for _ in range(count(2_000, 20_000)):
        stream = bytearray(honest)
        at = chance.randrange(len(stream))
        stream[at : at + chance.randint(0, 1)] = chance.randbytes(chance.randint(0, 1))
        taken = [each.data for each in actions(bytes(stream)) if isinstance(each, Accept)]
        for each in taken:
            same_text = [text_of(each) == text_of(one) for one in sent]
            assert any(same_text)


def test_random_bytes_are_survived() -> None:
    chance = random.Random(5)
    receiver = Receiver(limit=240)
    for turn in range(count(2_000, 20_000)):
        segment = bytes(chance.choices(b"\x02\x03\x04\x05\x06\x15\x17\r\n0123AB|", k=20))
        for _ in receiver.feed(segment, float(turn)):
            if chance.random() < 0.05 and receiver._before is not None:
                receiver.withhold()
        assert len(receiver._buffer) < 300
