from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.planner import plan
from drivers.modbus.profile import Order, Type
from drivers.modbus.values import Decoder
from gateway import Quality, Reading
from tests.unit.modbus.profiles import profile

FORMATS = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q",
    "float32": ">f", "float64": ">d",
}  # fmt: skip


def readings(points: dict[str, dict[str, Any]], data: bytes, **more: Any) -> list[Reading]:
    said = profile(points, **{"gap": 100, **more})
    (block,) = plan([said.place(code) for code in points], gap=said.gap)
    return Decoder(block, said)(data, 1)


def one(data: bytes, **point: Any) -> Reading:
    (reading,) = readings({"a": {"at": 0, **point}}, data)
    return reading


def laid(data: bytes, order: str) -> bytes:
    """Bytes ABCD… as a device with another order sends them."""
    registers = [data[start : start + 2] for start in range(0, len(data), 2)]
    if order in {"CDAB", "DCBA"}:
        registers.reverse()
    if order in {"BADC", "DCBA"}:
        registers = [register[::-1] for register in registers]
    return b"".join(registers)


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("type_", FORMATS)
@given(data=st.data())
def test_every_type_in_every_order(order: str, type_: str, data: st.DataObject) -> None:
    raw = data.draw(st.binary(min_size=struct.calcsize(FORMATS[type_]), max_size=8))
    raw = raw[: struct.calcsize(FORMATS[type_])]
    (value,) = struct.unpack(FORMATS[type_], raw)
    reading = one(laid(raw, order), type=type_, order=order)
    if not math.isfinite(value):
        assert (reading.text, reading.number, reading.quality) == ("", None, Quality.BAD)
        return
    assert reading.quality is Quality.GOOD
    assert struct.pack(FORMATS[type_], type(value)(reading.text)) == raw
    assert reading.number == float(reading.text)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float32_has_the_fewest_digits_that_mean_the_same_bits(value: float) -> None:
    text = one(struct.pack(">f", value), type="float32").text
    assert struct.pack(">f", float(text)) == struct.pack(">f", value)
    digits = len(Decimal(text).normalize().as_tuple().digits)
    if digits > 6:
        shorter = f"{value:.{digits - 2}e}"
        assert struct.pack(">f", float(shorter)) != struct.pack(">f", value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(230.1, "230.1"), (0.0, "0"), (1_200_000.0, "1200000"), (-0.5, "-0.5"), (1e-5, "0.00001"),
     (1e30, "1E+30"), (16_777_216.0, "16777216")],
)  # fmt: skip
def test_float32_is_written_plainly(value: float, text: str) -> None:
    assert one(struct.pack(">f", value), type="float32").text == text


@pytest.mark.parametrize(
    ("raw", "scale", "add", "text"),
    [
        (2301, 0.1, 0, "230.1"),
        (2300, 0.1, 0, "230.0"),
        (-5, 0.1, 0, "-0.5"),
        (-5, 0.001, 0, "-0.005"),
        (0, 0.01, 0, "0.00"),
        (7, 100, 0, "700"),
        (7, "0.25", 0, "1.75"),
        (7, "1e2", 0, "700"),
        (125, 0.1, -40, "-27.5"),
        (125, 1, "0.05", "125.05"),
        (25, "-0.1", 0, "-2.5"),
    ],
)
def test_scaled_integers_keep_their_exact_digits(
    raw: int, scale: float, add: float, text: str
) -> None:
    reading = one(struct.pack(">h", raw), type="int16", scale=scale, add=add)
    assert reading.text == text
    assert reading.number == float(text)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 9))
def test_scaling_an_integer_is_exact(raw: int, places: int) -> None:
    scale = Decimal(1).scaleb(-places)
    reading = one(struct.pack(">q", raw), type="int64", scale=str(scale))
    assert Decimal(reading.text) == Decimal(raw).scaleb(-places)
    assert reading.number == float(reading.text)


def test_a_scaled_float_is_scaled_in_decimal() -> None:
    assert one(struct.pack(">f", 12_345.6), type="float32", scale=0.001).text == "12.3456"
    assert one(struct.pack(">f", 20.1), type="float32", add=-0.1).text == "20.0"
    assert one(struct.pack(">d", 2300.0), type="float64").text == "2300"


@pytest.mark.parametrize("bits", [0x7FC00000, 0xFFC00000, 0x7F800000, 0xFF800000])
def test_not_a_number_is_no_value(bits: int) -> None:
    reading = one(struct.pack(">I", bits), type="float32")
    assert reading == Reading("a", "", quality=Quality.BAD, wire=1)


@pytest.mark.parametrize(
    ("raw", "quality", "text"),
    [("ffff", Quality.BAD, ""), ("7fff", Quality.GOOD, "1"), ("fffe", Quality.GOOD, "0")],
)
def test_a_bit_of_a_register_that_says_none_is_no_value(
    raw: str, quality: Quality, text: str
) -> None:
    reading = one(bytes.fromhex(raw), bit=0, absent=0xFFFF, kind="state")
    assert (reading.quality, reading.text) == (quality, text)


@pytest.mark.parametrize(
    ("type_", "absent", "raw"),
    [("int16", 0x8000, "8000"), ("int16", 0x7FFF, "7fff"), ("uint16", 0xFFFF, "ffff"),
     ("int32", 0x8000_0000, "80000000"), ("uint32", 0xFFFF_FFFF, "ffffffff"),
     ("int64", 1 << 63, "8000000000000000")],
)  # fmt: skip
def test_the_devices_word_for_none_is_no_value(type_: str, absent: int, raw: str) -> None:
    data = bytes.fromhex(raw)
    assert one(data, type=type_, absent=absent).quality is Quality.BAD
    assert one(data, type=type_).quality is Quality.GOOD
    other = bytes([data[0], *data[1:-1], data[-1] ^ 1])
    assert one(other, type=type_, absent=absent).quality is Quality.GOOD


def test_bits_of_one_register() -> None:
    points = {f"b{bit}": {"at": 4, "bit": bit} for bit in (0, 1, 15)}
    assert [(r.text, r.number) for r in readings(points, b"\x80\x01")] == [
        ("1", 1.0), ("0", 0.0), ("1", 1.0),
    ]  # fmt: skip


def test_coils_come_packed_lowest_first() -> None:
    points = {f"c{at}": {"at": at, "table": "coil"} for at in (3, 4, 12)}
    assert [r.text for r in readings(points, bytes([0b0000_0001, 0b0000_0010]))] == ["1", "0", "1"]


@pytest.mark.parametrize(
    ("data", "order", "text"),
    [(b"AB12", "ABCD", "AB12"), (b"BA21", "BADC", "AB12"), (b"BA21", "DCBA", "AB12"),
     (b"AB12", "CDAB", "AB12"), (b"V2\x00\xff", "ABCD", "V2"), (b" V2 ", "ABCD", "V2")],
)  # fmt: skip
def test_strings(data: bytes, order: str, text: str) -> None:
    reading = one(data, type="string", length=2, order=order)
    assert (reading.text, reading.number) == (text, None)


@pytest.mark.parametrize("data", [b"\x00\x00\x00\x00", b"    ", b"\xff\xfe12"])
def test_what_is_no_text_is_no_value(data: bytes) -> None:
    assert one(data, type="string", length=2).quality is Quality.BAD


def test_orders_may_be_mixed_in_one_block() -> None:
    points = {
        "a": {"at": 0, "type": "uint32"},
        "b": {"at": 4, "type": "uint32", "order": "CDAB"},
        "c": {"at": 6, "type": "string", "length": 1, "order": "BADC"},
        "d": {"at": 7, "type": "uint32", "order": "DCBA"},
        "e": {"at": 9, "type": "uint16", "order": "BADC"},
    }
    parts = ["00010203", "ffffffff", "02030001", "4241", "03020100", "3412"]
    read = {r.code: r.text for r in readings(points, bytes.fromhex("".join(parts)))}
    assert read == {
        "a": str(0x00010203), "b": str(0x00010203), "c": "AB", "d": str(0x00010203),
        "e": str(0x1234),
    }  # fmt: skip


def test_readings_say_which_message_they_came_from_also_when_refused() -> None:
    said = profile({"a": {"at": 0}, "b": {"at": 1}})
    (block,) = plan([said.place("a"), said.place("b")])
    decoder = Decoder(block, said)
    assert [r.wire for r in decoder(bytes(4), 5)] == [5, 5]
    assert decoder.refused(3) == [
        Reading("a", "", quality=Quality.BAD, wire=3),
        Reading("b", "", quality=Quality.BAD, wire=3),
    ]


def test_every_type_is_covered_here() -> None:
    assert set(Type) == {*FORMATS, Type.BOOL, Type.STRING}
