from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus import driver_type
from drivers.modbus.codec import Function, Mbap, Rtu, read_request
from drivers.modbus.explain import explain
from gateway import Direction
from tests.unit.explain.part_case import check, covers, flat, record

IN, OUT = Direction.IN, Direction.OUT
framings = st.sampled_from([Rtu, Mbap])


def test_the_driver_offers_it() -> None:
    assert driver_type.explain is explain


def test_a_request_over_tcp() -> None:
    data = Mbap().wrap(3, read_request(Function.INPUT_REGISTERS, 30, 40))
    parts = explain(record(data, OUT), None)
    check(parts, data)
    assert list(flat(parts)) == [
        ("Transaction", "1"),
        ("Protocol", "0"),
        ("Length", "6"),
        ("Unit", "3"),
        ("Read input registers", "4"),
        ("First address", "30"),
        ("Count", "40"),
    ]


def test_a_reply_on_a_serial_line_shows_each_register() -> None:
    data = Rtu().wrap(1, bytes.fromhex("03 04 04 e2 00 07"))
    parts = explain(record(data), None)
    assert list(flat(parts))[:6] == [
        ("Unit", "1"),
        ("Read holding registers", "3"),
        ("Byte count", "4"),
        ("Data", ""),
        ("Register 1", "1250 (0x04e2)"),
        ("Register 2", "7 (0x0007)"),
    ]
    assert covers(parts, data)


def test_bits_are_shown_a_byte_at_a_time() -> None:
    data = Rtu().wrap(1, bytes.fromhex("02 02 05 80"))
    assert ("Bits 7…0", "00000101") in list(flat(explain(record(data), None)))


@pytest.mark.parametrize(("code", "text"), [(2, "2 illegal address"), (99, "99")])
def test_an_exception_is_named(code: int, text: str) -> None:
    data = Rtu().wrap(1, bytes([0x84, code]))
    parts = explain(record(data), None)
    assert ("Exception", text) in list(flat(parts))
    assert ("Read input registers", "4") in list(flat(parts))


@pytest.mark.parametrize(
    ("pdu", "direction"),
    [
        (b"\x84", IN),
        (b"\x84\x02\x00", IN),
        (b"\x10\x00", IN),
        (b"\x10", IN),
        (b"\x03", IN),
        (b"\x03\x09\x00", IN),
        (b"\x03\x03\x00\x01\x02", IN),
        (b"\x03\x00", OUT),
    ],
)
def test_what_does_not_fit_is_accounted_for_byte_by_byte(pdu: bytes, direction: Direction) -> None:
    data = Rtu().wrap(1, pdu)
    parts = explain(record(data, direction), None)
    check(parts, data)
    assert covers(parts, data)


@pytest.mark.parametrize("data", [b"", b"\x01", b"noise on the line"])
def test_noise_is_one_unknown_part(data: bytes) -> None:
    assert list(flat(explain(record(data), None))) == ([("Unknown bytes", "")] if data else [])


@given(st.binary(min_size=1, max_size=40), framings, st.sampled_from(Direction))
def test_any_frame_is_covered(pdu: bytes, framing: type[Rtu | Mbap], direction: Direction) -> None:
    data = framing().wrap(7, pdu)
    parts = explain(record(data, direction), None)
    check(parts, data)
    assert covers(parts, data)


@given(st.binary(max_size=300), st.sampled_from(Direction))
def test_any_bytes_are_covered(data: bytes, direction: Direction) -> None:
    parts = explain(record(data, direction), None)
    check(parts, data)
    assert covers(parts, data)
