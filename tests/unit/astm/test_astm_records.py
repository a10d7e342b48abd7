"""Records of LIS2-A2 out of frames."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.astm.records import (
    Delimiters,
    Line,
    parse_header,
    parse_message,
    split_lines,
    split_messages,
)
from gateway import ProtocolViolation
from tests.peers import count
from tests.unit.astm.astm_kit import frame, message

STANDARD = rb"H|\^&|||chem-1"
words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


def parsed(*lines: bytes, charset: str = "utf-8") -> list[list[str]]:
    return [list(record.fields) for record in parse_message(enumerate(lines), charset)]


def test_each_record_in_a_frame_of_its_own() -> None:
    lines = list(split_lines([frame(1, b"H|a\r"), frame(2, b"L|1\r")]))
    assert lines == [(0, b"H|a"), (1, b"L|1")]


def test_a_record_may_span_frames() -> None:
    sent = [frame(1, b"H|a\rR|1|lo", last=False), frame(2, b"ng", last=False), frame(3, b"er\rL\r")]
    assert list(split_lines(sent)) == [(0, b"H|a"), (0, b"R|1|longer"), (2, b"L")]


def test_an_intermediate_frame_may_end_with_a_whole_record() -> None:
    sent = [frame(1, b"H|a\r", last=False), frame(2, b"P|1\r", last=False), frame(3, b"L\r")]
    assert list(split_lines(sent)) == [(0, b"H|a"), (1, b"P|1"), (2, b"L")]


def test_a_last_frame_ends_its_record_without_cr() -> None:
    assert list(split_lines([frame(1, b"H|a"), frame(2, b"L")])) == [(0, b"H|a"), (1, b"L")]


def test_what_no_frame_ended_is_still_a_record() -> None:
    assert list(split_lines([frame(1, b"H|a\rP|half", last=False)])) == [
        (0, b"H|a"),
        (0, b"P|half"),
    ]


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=6), st.integers(1, 20))
def test_however_text_is_cut_into_frames_the_records_are_the_same(
    records: list[bytes], size: int
) -> None:
    clean = [b"R|" + bytes(byte | 0x20 for byte in record) for record in records]
    text = b"".join(record + b"\r" for record in clean)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    sent = [
        frame(number, piece, last=number == len(pieces)) for number, piece in enumerate(pieces, 1)
    ]
    assert [line for _, line in split_lines(sent)] == clean


def test_messages_begin_with_h_and_end_with_l() -> None:
    lines: list[Line] = [
        (at, line) for at, line in enumerate([b"H|1", b"R|1", b"L|1", b"H|2", b"L|1"])
    ]
    first, second = split_messages(lines)
    assert (first.first, first.last, first.ended) == (0, 2, True)
    assert (second.first, second.last, second.ended) == (3, 4, True)


@pytest.mark.parametrize(
    ("records", "ended"),
    [
        ([b"H", b"R"], [False]),
        ([b"H", b"R", b"H", b"L"], [False, True]),
        ([b"R", b"H", b"L"], [False, True]),
        ([b"H", b"L", b"R"], [True, False]),
        ([b"R", b"L"], [False]),
        ([], []),
    ],
)
def test_what_stands_outside_is_no_whole_message(records: list[bytes], ended: list[bool]) -> None:
    assert [each.ended for each in split_messages(enumerate(records))] == ended


def test_delimiters_come_from_the_header() -> None:
    header = parse_header(rb"H|@^\|URM-1||lab^GX^4.8|||||host||P|1394-97|20250516125515", "utf-8")
    assert header.delimiters == Delimiters("|", "@", "^", "\\")
    assert header.text(5) == "lab^GX^4.8"
    assert header.text(5, 2) == "GX"
    assert header.text(99) == header.raw(99) == ""


@pytest.mark.parametrize(
    "header", [b"H", b"H|", rb"H|\^", b"H||||", rb"H|\^\|x", b"H|ab^|", b"H| ^&|", b"Hx\\^&"]
)
def test_a_header_without_four_delimiters_is_refused(header: bytes) -> None:
    with pytest.raises(ProtocolViolation, match="delimiters"):
        parse_header(header, "utf-8")


def test_padding_is_left_out_of_the_meaning_and_kept() -> None:
    _, order = parse_message(enumerate([STANDARD, b"O|1||^^   27^M| x "]), "utf-8")
    assert order.text(4, 3) == "27"
    assert order.raw(4) == "^^   27^M"
    assert order.text(4, 9) == ""
    assert order.line == "O|1||^^   27^M| x "


def test_escapes_are_resolved_after_splitting() -> None:
    _, record = parse_message(
        enumerate([STANDARD, b"C|1|I|a&F&b&S&c&R&d&E&e&X0D4f&&Z&&H&|A\\B&R&C"]), "utf-8"
    )
    assert record.text(4) == "a|b^c\\d&e\rO&Z&&H&"
    assert record.repeats(5) == ("A", "B\\C")
    assert record.repeats(9) == ()


def test_a_delimiter_may_be_half_of_a_chinese_character() -> None:
    """In GB 18030 the second byte of 東 is that of |, and of 奮 that of ^."""
    name = "東奮"
    assert b"|" in name.encode("gb18030")
    assert b"^" in name.encode("gb18030")
    line = f"P|1|{name}|x".encode("gb18030")
    assert parsed(STANDARD, line, charset="gb18030")[1] == ["P", "1", name, "x"]


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
@given(words)
def test_chinese_text_survives(charset: str, word: str) -> None:
    assert parsed(STANDARD, f"P|1|{word}".encode(charset), charset=charset)[1][2] == word


@pytest.mark.parametrize(
    ("line", "charset"), [("P|1|王".encode("gb18030"), "utf-8"), (b"P|1|\xff\xff", "gb18030")]
)
def test_text_in_another_charset_is_refused(line: bytes, charset: str) -> None:
    with pytest.raises(ProtocolViolation, match=f"is not {charset}") as caught:
        parsed(STANDARD, line, charset=charset)
    assert caught.value.raw == line


def test_mutated_messages_are_read_or_refused() -> None:
    chance = random.Random(3)
    for _ in range(count(2_000, 20_000)):
        sent = [bytearray(each) for each in message()]
        for _ in range(chance.randint(1, 4)):
            victim = chance.choice(sent)
            at = chance.randrange(2, len(victim) - 5)
            victim[at : at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
        for each in split_messages(split_lines([bytes(one) for one in sent])):
            try:
                records = parse_message(each.lines, chance.choice(["utf-8", "gb18030"]))
            except ProtocolViolation:
                continue
            for record in records:
                assert [record.text(number, 2) for number in range(1, 15)]
