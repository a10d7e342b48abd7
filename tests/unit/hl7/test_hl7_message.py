"""The reader: lenient with everything but what it can't know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.hl7.answer import components, segment
from drivers.hl7.charset import decode
from drivers.hl7.delimiters import STANDARD, Delimiters
from drivers.hl7.escapes import escape, unescape
from drivers.hl7.message import MOST_BREAKS, Message
from drivers.hl7.paths import first_of, parse_path
from gateway import ProtocolViolation

HEAD = "MSH|^~\\&|A|B"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_end_with_cr_lf_or_both(end: str) -> None:
    message = Message(end.join([HEAD, "PID|1", "OBX|1|NM", "OBX|2|ST"]) + end)
    assert [each.name for each in message] == ["MSH", "PID", "OBX", "OBX"]
    assert [each.raw(2) for each in message.all("OBX")] == ["NM", "ST"]
    assert message.notes == ()


def test_fields_of_the_header_count_from_the_separator() -> None:
    header = Message(HEAD).header
    assert [header.raw(number) for number in range(6)] == ["MSH", "|", "^~\\&", "A", "B", ""]


def test_delimiters_come_from_the_header() -> None:
    message = Message("MSH#*!$%#A\rPID#1##X*Y%Z*W!second")
    pid = message.first("PID")
    assert pid is not None
    assert message.delimiters == Delimiters("#", "*", "!", "$", "%")
    assert (pid.component(3), pid.component(3, 3), pid.part(3, 2, 2)) == ("X", "W", "Z")
    assert pid.repetitions(3) == [["X", "Y%Z", "W"], ["second"]]


@pytest.mark.parametrize("sent", ["", "^", "^~", "^~&", "^~\\"])
def test_missing_delimiters_are_the_standard_ones_with_a_note(sent: str) -> None:
    message = Message(f"MSH|{sent}|A\rPID|1||a^b&c~d")
    pid = message.first("PID")
    assert pid is not None
    assert message.delimiters == STANDARD
    assert pid.part(3, 2, 2) == "c"
    assert "MSH-2" in message.notes[0]


@pytest.mark.parametrize(
    "text", ["", "PID|1", "MSH", "MSHA^~\\&", "MSH|^^\\&|", "MSH^^~\\&^", "FHS|^~\\&"]
)
def test_a_header_without_usable_delimiters_is_refused(text: str) -> None:
    with pytest.raises(ProtocolViolation):
        Message(text)


def test_a_line_break_inside_a_field_goes_on_with_it() -> None:
    message = Message(f"{HEAD}\rNTE|1||first\nsecond | more|x\r\rOBX|1")
    note = message.first("NTE")
    assert note is not None
    assert note.raw(3) == "first\nsecond "
    assert [each.name for each in message] == ["MSH", "NTE", "OBX"]
    assert message.notes == ("a line break stands inside NTE",)


def test_many_line_breaks_are_joined_at_once() -> None:
    """15 MB: joined line by line, they take minutes."""
    line = "x" * 50
    lines = f"\r{line}" * MOST_BREAKS
    note = Message(f"{HEAD}\rNTE|1||first{lines}").first("NTE")
    assert note is not None
    assert len(note.raw(3)) == len("first") + len(lines)
    with pytest.raises(ProtocolViolation, match="line breaks"):
        Message(f"{HEAD}\rNTE|1||first{lines}\rx")


def test_few_of_many_broken_segments_are_noted() -> None:
    names = [f"Z{number:02}" for number in range(100)]
    message = Message("\r".join((HEAD, *(f"{name}|a\rb" for name in names))))
    assert message.notes == tuple(f"a line break stands inside {name}" for name in names[:8])


def test_what_is_absent_and_what_is_null_is_empty() -> None:
    message = Message(f'{HEAD}\rPID|1|""|a^""')
    pid = message.first("PID")
    assert pid is not None
    assert (pid.text(2), pid.component(2), pid.component(3, 2)) == ("", "", "")
    assert (pid.text(99), pid.component(99), pid.part(99), pid.repetitions(99)) == ("", "", "", [])
    assert pid.raw(2) == '""'
    assert message.first("ZZZ") is None


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"one\.br\two\.sp\three", "one\ntwo\nthree"),
        (r"\X41\\X4243\ ", "ABC "),
        (r"\H\bold\N\ ", "bold "),
        (r"\Z12\ \Q\ \X4\ \XE9\ ", r"\Z12\ \Q\ \X4\ \XE9\ "),
        (r"C:\temp and \ alone", r"C:\temp and \ alone"),
    ],
)
def test_escape_sequences_are_resolved_and_unknown_ones_stay(sent: str, meant: str) -> None:
    assert unescape(sent, STANDARD, "utf-8") == meant


def test_hexadecimal_is_text_of_the_messages_charset() -> None:
    assert unescape(r"\XD5C5\ ", STANDARD, "gb18030") == "张 "
    message = Message(f"{HEAD}\rNTE|1||\\XE5BCA0\\", "utf-8")
    note = message.first("NTE")
    assert note is not None
    assert note.text(3) == "张"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_the_writer_writes_the_reader_reads(text: str) -> None:
    line = segment("NTE", "1", "", components(text, "x"))
    note = Message(f"{HEAD}\r{line}").first("NTE")
    assert note is not None
    assert "\r" not in line
    assert note.component(3) == text.replace('""', '""' if text != '""' else "")
    assert note.component(3, 2) == "x"


@given(st.text(st.sampled_from("ab|^~\\&.brXFSTRE0 \r\n")))
def test_escaping_and_back_gives_the_same(text: str) -> None:
    assert unescape(escape(text, STANDARD), STANDARD, "utf-8") == text


def test_places_read_what_they_name() -> None:
    message = Message(f"{HEAD}\rSPM|1|^F1&LAB")
    segments = {"SPM": message.first("SPM"), "OBR": None}
    places = [parse_path(text) for text in ("OBR-3", "SPM-2.1.1", "SPM-2.2.1")]
    assert first_of(places, segments) == "F1"
    assert parse_path("SPM-2").read(segments) == "^F1&LAB"
    with pytest.raises(ValueError, match="OBX-3"):
        parse_path("OBX.3")


ZHANG = "MSH|^~\\&|A||||||ORU^R01|1|P|2.3.1||||||{}\rPID|1||||张弢"


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
@pytest.mark.parametrize("claim", ["", "ASCII", "8859/1", "UNICODE"])
def test_the_charset_is_the_devices_own(charset: str, claim: str) -> None:
    text = ZHANG.format(claim)
    assert decode(text.encode(charset), charset).text == text


def test_latin_1_is_read_as_latin_1() -> None:
    for claim in ("", "8859/1", "8859/15", "UNICODE", "EN"):
        text = ZHANG.format(claim).replace("张弢", "Müller")
        assert decode(text.encode("latin-1"), "latin-1").text == text


@pytest.mark.parametrize(
    ("sent", "claim", "own"),
    [
        ("gb18030", "GB 18030-2000", "utf-8"),
        ("utf-8", "UNICODE UTF-8", "ascii"),
        ("utf-8", "UNICODE", "ascii"),
    ],
)
def test_bytes_that_are_not_the_devices_charset_are_what_msh_18_says(
    sent: str, claim: str, own: str
) -> None:
    text = ZHANG.format(claim)
    decoded = decode(text.encode(sent), own)
    assert (decoded.text, decoded.charset) == (text, sent)
    assert decoded.note


@pytest.mark.parametrize(
    ("sent", "claim", "own"),
    [
        ("gb18030", "", "utf-8"),
        ("gb18030", "UNICODE", "utf-8"),
        ("gb18030", "8859/1", "utf-8"),
        ("utf-8", "UNICODE UTF-8", "gb18030"),
        ("utf-8", "UNICODE", "latin-1"),
        ("gb18030", "GB18030", "latin-1"),
        ("gb18030", "GB 18030-2000", "latin-1"),
        ("gb18030", "8859/5", "latin-1"),
        ("utf-8", "GB18030", "utf-8"),
        ("gb18030", "UNICODE", "ascii"),
    ],
)
def test_text_that_would_be_garbled_is_refused(sent: str, claim: str, own: str) -> None:
    with pytest.raises(ProtocolViolation, match=own):
        decode(ZHANG.format(claim).encode(sent), own)
