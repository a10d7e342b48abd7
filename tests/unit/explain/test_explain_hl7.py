from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.hl7 import driver_type
from drivers.hl7.explain import explain
from drivers.hl7.mllp import frame
from drivers.hl7.profile import Hl7Profile
from gateway import Analyte, Grade
from tests.unit.explain.part_case import check, covers, flat, record

CHINESE = Hl7Profile(
    profile="chinese",
    driver="hl7",
    title="Chinese",
    grade=Grade.DERIVED,
    source="made for tests",
    charset="gb18030",
    points={"GLU": Analyte(unit="mmol/L")},
)
HEADER = "MSH|^~\\&|BC|LAB|||20261123||ORU^R01|7|P|2.3.1"


def test_the_driver_offers_it() -> None:
    assert driver_type.explain is explain


def test_a_message_down_to_its_components() -> None:
    data = frame(f"{HEADER}\rOBX|1|NM|6690-2^WBC||7.2~7.3^x|10*9/L\r".encode())
    parts = explain(record(data), None)
    check(parts, data)
    found = list(flat(parts))
    assert found[0] == ("VT: start of the message", "")
    assert found[-1] == ("FS CR: end of the message", "")
    assert found[1:4] == [
        ("MSH Header", HEADER),
        ("MSH-2 delimiters", "^~\\&"),
        ("MSH-3 sender", "BC"),
    ]
    assert found[found.index(("OBX-1", "1")) :][:11] == [
        ("OBX-1", "1"),
        ("OBX-2 value type", "NM"),
        ("OBX-3 test", "6690-2^WBC"),
        ("OBX-3.1", "6690-2"),
        ("OBX-3.2", "WBC"),
        ("OBX-5 value", "7.2~7.3^x"),
        ("OBX-5 [1]", "7.2"),
        ("OBX-5 [2]", "7.3^x"),
        ("OBX-5.1", "7.3"),
        ("OBX-5.2", "x"),
        ("OBX-6 unit", "10*9/L"),
    ]


def test_names_in_gb18030_lie_where_their_bytes_lie() -> None:
    data = frame(HEADER.encode() + b"\rPID|1||||" + "珅^三".encode("gb18030"))
    parts = explain(record(data), CHINESE)
    check(parts, data)
    assert ("PID-5.1", "珅") in list(flat(parts))
    (name,) = [field for field in parts[2].children if field.text == "珅^三"]
    assert data[name.start : name.end] == "珅^三".encode("gb18030")


def test_text_in_no_charset_stands_in_hexadecimal() -> None:
    data = frame(HEADER.encode() + b"\rPID|1||||\xff\xff")
    assert ("PID-5 name", "\\xff\\xff") in list(flat(explain(record(data), None)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_segments_end_as_the_device_ends_them(end: str) -> None:
    data = frame(f"\ufeff{HEADER}{end}NTE|1||x{end}{end}".encode())
    parts = explain(record(data), None)
    check(parts, data)
    labels = [label for label, _ in flat(parts)]
    assert labels.count("MSH Header") == 1
    assert "NTE-3 note" in labels


@pytest.mark.parametrize("data", [b"no message", frame(b"PID|1"), b"\x0b"])
def test_what_is_no_message_is_one_part(data: bytes) -> None:
    parts = explain(record(data), None)
    check(parts, data)
    assert covers(parts, data)


anything = st.binary(max_size=200)


@given(
    anything | anything.map(lambda noise: frame(HEADER.encode() + b"\r" + noise)),
    st.sampled_from([None, CHINESE]),
)
def test_any_bytes_give_parts_in_order(data: bytes, profile: Hl7Profile | None) -> None:
    check(explain(record(data), profile), data)
