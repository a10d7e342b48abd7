from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.astm import driver_type
from drivers.astm.codec import checksum
from drivers.astm.explain import explain
from drivers.astm.profile import AstmProfile
from gateway import Grade
from tests.unit.explain.part_case import check, covers, flat, record

CHINESE = AstmProfile(
    profile="chinese",
    driver="astm",
    title="Chinese",
    grade=Grade.DERIVED,
    source="made for tests",
    charset="gb18030",
    points={},
)


def _frame(text: bytes, end: bytes = b"\x03", number: bytes = b"1") -> bytes:
    counted = number + text + end
    return b"\x02" + counted + checksum(counted) + b"\r\n"


def test_the_driver_offers_it() -> None:
    assert driver_type.explain is explain


def test_a_frame_down_to_the_components_of_its_fields() -> None:
    data = _frame(b"H|\\^&|||C1^2\rR|1|^^^GLU|5.2\\5.3^x|mmol/L\r")
    parts = explain(record(data), None)
    check(parts, data)
    assert covers(parts, data)
    assert list(flat(parts)) == [
        ("STX: start of the frame", ""),
        ("Frame number", "1"),
        ("Text", ""),
        ("H Header", "H|\\^&|||C1^2"),
        ("H-2 delimiters", "\\^&"),
        ("H-5 sender", "C1^2"),
        ("H-5.1", "C1"),
        ("H-5.2", "2"),
        ("R Result", "R|1|^^^GLU|5.2\\5.3^x|mmol/L"),
        ("R-2 sequence", "1"),
        ("R-3 test", "^^^GLU"),
        ("R-3.4", "GLU"),
        ("R-4 value", "5.2\\5.3^x"),
        ("R-4 [1]", "5.2"),
        ("R-4 [2]", "5.3^x"),
        ("R-4.1", "5.3"),
        ("R-4.2", "x"),
        ("R-5 unit", "mmol/L"),
        ("ETX: end of the text", ""),
        ("Checksum", checksum(data[1:-4]).decode()),
        ("CR LF", ""),
    ]


def test_without_the_header_no_component_is_guessed() -> None:
    data = _frame(b"R|1|^^^GLU|5.2\r", b"\x17")
    labels = [label for label, _ in flat(explain(record(data), None))]
    assert "R-3 test" in labels
    assert "R-3.4" not in labels
    assert "ETB: more follows" in labels


def test_names_in_gb18030_lie_where_their_bytes_lie() -> None:
    name = "张三".encode("gb18030")
    data = _frame(b"P|1||||" + name + b"|\r")
    parts = explain(record(data), CHINESE)
    (field,) = [each for each in parts[2].children[0].children if each.text == "张三"]
    assert data[field.start : field.end] == name
    unknown = dict(flat(explain(record(data), None)))
    assert unknown["P-6 name"] == "\\xd5\\xc5\\xc8\\xfd"


def test_a_wrong_checksum_is_shown_beside_the_right_one() -> None:
    data = _frame(b"L|1|N\r")
    wrong = data[:-4] + b"00\r\n"
    assert ("Checksum", f"00 ≠ {data[-4:-2].decode()}") in list(flat(explain(record(wrong), None)))


def test_what_continues_a_frame_is_a_piece() -> None:
    data = _frame(b"mmol/L|3.9\rX|1\rL\rH|^\r")
    labels = [label for label, _ in flat(explain(record(data), None))]
    assert labels[3:8] == [
        "Part of a record",
        "Part of a record",
        "L Terminator",
        "H Header",
        "H-2 delimiters",
    ]


@pytest.mark.parametrize(
    ("data", "label"),
    [
        (b"\x05", "ENQ: asks to send"),
        (b"\x04", "EOT: end of the transfer"),
        (b"x", "Unknown bytes"),
    ],
)
def test_signals_and_noise(data: bytes, label: str) -> None:
    assert list(flat(explain(record(data), None))) == [(label, "")]


def test_a_transfer_that_was_given_up_is_an_empty_record() -> None:
    assert list(explain(record(b""), None)) == []


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_frame_that_is_cut_is_covered(cut: int) -> None:
    data = _frame(b"L|1|N\r")[:-cut]
    parts = explain(record(data), None)
    check(parts, data)
    assert covers(parts, data)


anything = st.binary(max_size=200)


@given(
    anything | anything.map(lambda noise: _frame(b"H|\\^&|" + noise)),
    st.sampled_from([None, CHINESE]),
)
def test_any_bytes_are_covered(data: bytes, profile: AstmProfile | None) -> None:
    parts = explain(record(data), profile)
    check(parts, data)
    assert covers(parts, data)
