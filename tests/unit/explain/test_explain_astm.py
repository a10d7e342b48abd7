from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.astm import driver_type
from drivers.astm.codec import checksum
from drivers.astm.explain import assemble, explain
from drivers.astm.profile import AstmProfile
from gateway import Direction, Grade, Instant, RawId, WireRecord
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


def _session(*sent: bytes) -> list[WireRecord]:
    return [
        WireRecord(RawId(number), "line", "device", Direction.IN, "s1", Instant(0), data)
        for number, data in enumerate(sent, 1)
    ]


def test_the_driver_offers_it() -> None:
    assert driver_type.explain is explain
    assert driver_type.assemble is assemble


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


def test_a_transfer_reads_as_one_and_each_frame_has_its_piece() -> None:
    first, second = b"H|\\^&|||C1\rR|1|^^^GLU|5", b".2|mmol/L\rL|1|N"
    sent = (b"\x05", _frame(first, b"\x17"), _frame(second, number=b"2"), b"\x04")
    whole = assemble(_session(*sent), RawId(3), None)
    assert whole is not None
    assert whole.pieces == ((2, len(first)), (3, len(first + second)))
    check(whole.parts, first + second)
    assert list(flat(whole.parts))[3:] == [
        ("R Result", "R|1|^^^GLU|5.2|mmol/L"),
        ("R-2 sequence", "1"),
        ("R-3 test", "^^^GLU"),
        ("R-3.4", "GLU"),
        ("R-4 value", "5.2"),
        ("R-5 unit", "mmol/L"),
        ("L Terminator", "L|1|N"),
        ("L-2", "1"),
        ("L-3 reason", "N"),
    ]


def test_a_last_frame_ends_its_record_without_cr() -> None:
    sent = (b"\x05", _frame(b"H|\\^&|||C1"), _frame(b"L|1|N", number=b"2"))
    whole = assemble(_session(*sent), RawId(2), None)
    assert whole is not None
    assert [part.text for part in whole.parts] == ["H|\\^&|||C1", "L|1|N"]


def test_a_signal_is_no_piece_of_a_message() -> None:
    session = _session(b"\x05", _frame(b"L|1|N\r"), b"\x04")
    assert [assemble(session, RawId(number), None) for number in (1, 3, 9)] == [None] * 3


@given(st.lists(st.binary(max_size=30), max_size=5), st.sampled_from([None, CHINESE]))
def test_any_frames_give_parts_that_lie_in_what_they_bring(
    texts: list[bytes], profile: AstmProfile | None
) -> None:
    sent = [_frame(text, b"\x17") for text in texts]
    whole = assemble(_session(b"\x05", *sent), RawId(2), profile)
    if sent:
        assert whole is not None
        check(whole.parts, b"".join(texts))
        assert whole.pieces[-1][1] == sum(map(len, texts))


anything = st.binary(max_size=200)


@given(
    anything | anything.map(lambda noise: _frame(b"H|\\^&|" + noise)),
    st.sampled_from([None, CHINESE]),
)
def test_any_bytes_are_covered(data: bytes, profile: AstmProfile | None) -> None:
    parts = explain(record(data), profile)
    check(parts, data)
    assert covers(parts, data)
