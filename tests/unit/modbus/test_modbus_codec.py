from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.codec import (
    Frame,
    Framing,
    Function,
    Mbap,
    Refusal,
    Refused,
    Rtu,
    crc16,
    read_reply,
    read_request,
)
from simulators.modbus.stock import stock_refusal, stock_reply, stock_request
from tests.peers import count

FRAMINGS: dict[str, type[Rtu | Mbap]] = {"rtu": Rtu, "tcp": Mbap}

functions = st.sampled_from([1, 2, 3, 4])
units = st.integers(1, 247)
transactions = st.integers(0, 0xFFFF)


@st.composite
def replies(draw: st.DrawFn, framing: str) -> tuple[bytes, Frame]:
    """A reply as pymodbus writes it, and what it says."""
    function, unit = draw(functions), draw(units)
    transaction = draw(transactions) if framing == "tcp" else 0
    if draw(st.booleans()):
        code = draw(st.integers(1, 11))
        wire = stock_refusal(framing, function, unit, code, transaction)
        return wire, Frame(unit, bytes([function | 0x80, code]), transaction)
    if function in {1, 2}:
        bits = draw(st.lists(st.integers(0, 1), min_size=1, max_size=64))
        packed = bytearray((len(bits) + 7) // 8)
        for number, bit in enumerate(bits):
            packed[number // 8] |= bit << number % 8
        values, data = bits, bytes(packed)
    else:
        values = draw(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125))
        data = b"".join(value.to_bytes(2, "big") for value in values)
    wire = stock_reply(framing, function, unit, values, transaction)
    return wire, Frame(unit, bytes([function, len(data)]) + data, transaction)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """`stream` in segments."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


def fed(framing: Framing, segments: list[bytes]) -> list[Frame]:
    return [frame for segment in segments for frame in framing.feed(segment)]


@pytest.mark.parametrize("framing", FRAMINGS)
@given(st.data(), st.lists(st.integers(0), max_size=40))
def test_any_split_of_valid_replies_gives_the_same_messages(
    framing: str, data: st.DataObject, places: list[int]
) -> None:
    said = data.draw(st.lists(replies(framing), max_size=6))
    stream = b"".join(wire for wire, _ in said)
    codec = FRAMINGS[framing]()
    assert fed(codec, cut(stream, places)) == [frame for _, frame in said]
    assert codec.unread == 0
    assert not codec.lost


@given(units, functions, st.integers(0, 0xFFFF), st.integers(1, 125))
def test_pymodbus_reads_our_requests_as_meant(
    unit: int, function: int, at: int, count: int
) -> None:
    pdu = read_request(Function(function), at, count)
    assert stock_request("rtu", Rtu().wrap(unit, pdu)) == (unit, 0, function, at, count)
    mbap = Mbap()
    assert stock_request("tcp", mbap.wrap(unit, pdu)) == (
        unit, mbap.transaction, function, at, count
    )  # fmt: skip


def test_each_request_has_its_own_transaction_id() -> None:
    mbap = Mbap()
    frames = [mbap.wrap(1, read_request(Function.COILS, 0, 1)) for _ in range(70_000)]
    assert frames[0][:2] == b"\x00\x01"
    assert frames[65_535][:2] == b"\x00\x00"
    assert mbap.transaction == 70_000 & 0xFFFF


def test_crc_of_the_specifications_example() -> None:
    assert crc16(bytes.fromhex("02 07")) == 0x1241
    assert Rtu().wrap(2, b"\x07") == bytes.fromhex("02 07 41 12")


@given(st.binary(max_size=12), st.data())
def test_noise_before_a_frame_does_not_hide_it_for_ever(noise: bytes, data: st.DataObject) -> None:
    wire, frame = data.draw(replies("rtu"))
    rtu = Rtu()
    found = fed(rtu, [noise, wire, bytes(300)])
    assert frame in found


@given(st.binary(min_size=1, max_size=2000), st.lists(st.integers(0), max_size=20))
def test_any_split_of_rtu_noise_is_understood_alike(stream: bytes, places: list[int]) -> None:
    whole, pieces = Rtu(), Rtu()
    assert fed(whole, [stream]) == fed(pieces, cut(stream, places))
    assert whole.lost == pieces.lost
    assert whole.unread == pieces.unread


def test_rtu_gives_up_on_endless_noise_and_recovers_when_reset() -> None:
    rtu, wire = Rtu(), stock_reply("rtu", 3, 1, [7])
    assert rtu.feed(b"\xff" * 1000 + wire) == []
    assert rtu.lost
    assert rtu.feed(wire) == []
    rtu.reset()
    assert rtu.feed(wire) == [Frame(1, b"\x03\x02\x00\x07")]


def test_an_incomplete_rtu_frame_is_counted_as_unread() -> None:
    rtu, wire = Rtu(), stock_reply("rtu", 3, 1, [7])
    assert rtu.feed(wire[:-1]) == []
    assert rtu.unread == len(wire) - 1
    assert rtu.feed(wire[-1:]) == [Frame(1, b"\x03\x02\x00\x07")]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("0001 5a5a 0005 01", id="protocol"),
        pytest.param("0001 0000 0001 01", id="length without a function"),
        pytest.param("0001 0000 00ff 01", id="length beyond a PDU"),
    ],
)
def test_a_senseless_tcp_header_loses_the_stream_until_reset(head: str) -> None:
    mbap, wire = Mbap(), stock_reply("tcp", 3, 1, [7], 1)
    assert mbap.feed(bytes.fromhex(head) + wire) == []
    assert mbap.lost
    assert mbap.feed(wire) == []
    mbap.reset()
    assert mbap.feed(wire) == [Frame(1, b"\x03\x02\x00\x07", 1)]


def test_a_reply_counts_only_for_the_request_it_fits() -> None:
    pdu = b"\x03\x04\x00\x01\x00\x02"
    assert read_reply(pdu, 3, 4) == b"\x00\x01\x00\x02"
    assert read_reply(pdu, 3, 2) is None
    assert read_reply(pdu, 4, 4) is None
    assert read_reply(b"\x03\x05\x00\x01\x00\x02", 3, 4) is None
    assert read_reply(b"\x83\x02", 3, 4) == Refused(Refusal.ILLEGAL_ADDRESS)
    assert read_reply(b"\x84\x02", 3, 4) is None
    assert read_reply(b"\x83", 3, 4) is None


@pytest.mark.parametrize("framing", FRAMINGS)
def test_mutated_streams_never_raise_and_never_pile_up(framing: str) -> None:
    chance = random.Random(f"modbus/{framing}")
    codec = FRAMINGS[framing]()
    for _ in range(count(2_000, 20_000)):
        frames = codec.feed(mutated(framing, chance))
        assert codec.unread <= 1024
        for frame in frames:
            read_reply(frame.pdu, chance.randint(1, 4), chance.randint(0, 255))
        if codec.lost or chance.random() < 0.05:
            codec.reset()


def mutated(framing: str, chance: random.Random) -> bytes:
    """A reply with bytes changed, dropped, doubled or put in."""
    values = [chance.randrange(65_536) for _ in range(chance.randint(1, 125))]
    function = chance.choice([3, 4])
    wire = bytearray(stock_reply(framing, function, chance.randint(1, 247), values))
    for _ in range(chance.randint(0, 6)):
        place = chance.randrange(len(wire) or 1)
        match chance.randrange(4):
            case 0 if wire:
                wire[place] = chance.randrange(256)
            case 1:
                del wire[place : place + chance.randint(1, 20)]
            case 2:
                wire[place:place] = chance.randbytes(chance.randint(1, 20))
            case _:
                wire += wire[place:]
    return bytes(wire)
