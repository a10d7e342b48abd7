"""Character sets, judged by pydicom; the examples are those of PS3.5 Annexes H, I, J and K."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.charset import convert_encodings, decode_bytes, encode_string
from pydicom.valuerep import PN_DELIMS

from dicom.storage.charset import (
    UnknownCharset,
    can_encode,
    codec_of,
    decode_text,
    encode_text,
    known_charset,
)

EXAMPLES = [
    ("", b"Adams^John", "Adams^John"),
    ("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    ("ISO_IR 101", b"W\xb3odzimierz", "Włodzimierz"),
    ("ISO_IR 144", b"\xbb\xee\xda\x63\x65\xdc\xd1\xe3\xe0\xd3", "Люкceмбург"),
    ("ISO_IR 166", b"\xca\xc1\xaa\xd2\xc2", "สมชาย"),
    ("ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    ("ISO_IR 192", "Wang^XiaoDong=王^小东".encode(), "Wang^XiaoDong=王^小东"),
    ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"),
    ("GBK", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"),
    (
        "\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    (
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
    ),
    (
        "\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
        "Hong^Gildong=洪^吉洞",
    ),
    (
        "\\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    ),
]


@pytest.mark.parametrize(("declared", "data", "text"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_the_standards_examples(declared: str, data: bytes, text: str) -> None:
    terms = declared.split("\\")
    assert decode_text(data, codec_of(terms)) == text
    theirs = decode_bytes(data, convert_encodings(terms), PN_DELIMS)
    assert theirs.replace("\x1b$)A", "") == text  # pydicom keeps this escape


CHARACTERS = {
    "ISO_IR 192": "张王李赵刘éñ",
    "GB18030": "张王李赵刘䶮㐂é",
    "GBK": "张王李赵刘",
    "ISO 2022 IR 149": "김이박최정",
    "ISO 2022 IR 87": "山田太郎やま",
}


@pytest.mark.parametrize("term", CHARACTERS)
@given(st.data())
def test_what_pydicom_writes_is_read(term: str, data: st.DataObject) -> None:
    parts = st.text(st.sampled_from(CHARACTERS[term]), min_size=1, max_size=4)
    name = "=".join(("A^B", "^".join(data.draw(st.lists(parts, min_size=1, max_size=3)))))
    terms = ["", term] if term.startswith("ISO 2022") else [term]
    codecs = convert_encodings(terms)
    written = b"=".join(
        b"^".join(encode_string(part, codecs) for part in group.split("^"))
        for group in name.split("=")
    )
    assert decode_text(written, codec_of(terms)) == name


@given(st.binary(max_size=40), st.sampled_from([each[0] for each in EXAMPLES]))
def test_any_bytes_are_text_or_said_to_be_none(data: bytes, declared: str) -> None:
    with suppress(UnknownCharset):
        decode_text(data, codec_of(declared.split("\\")))


@pytest.mark.parametrize(
    ("declared", "data", "told"),
    [
        ("KLINGON", b"x", "unknown character set 'KLINGON'"),
        ("", b"\xcd\xf5", "bytes that are not ascii"),
        ("ISO_IR 192", b"\xcd\xf5", "bytes that are not utf_8"),
        ("\\ISO 2022 IR 87", b"\x1b%G", "unknown escape sequence"),
    ],
)
def test_nothing_is_guessed(declared: str, data: bytes, told: str) -> None:
    with pytest.raises(UnknownCharset, match=told):
        decode_text(data, codec_of(declared.split("\\")))


WRITTEN = [
    "ISO_IR 100",
    "ISO_IR 144",
    "ISO_IR 192",
    "GB18030",
    "GBK",
    "\\ISO 2022 IR 58",
    "\\ISO 2022 IR 149",
    "\\ISO 2022 IR 87",
    "ISO 2022 IR 100\\ISO 2022 IR 58",
]


@given(
    st.text(st.sampled_from("aZ09 ^=\\张伟王小东é洪Люが山田"), max_size=12),
    st.sampled_from(WRITTEN),
)
def test_what_is_written_in_a_set_is_read_in_it(text: str, terms: str) -> None:
    split = terms.split("\\")
    try:
        data = encode_text(text, split)
    except UnknownCharset:
        assert not can_encode([text], split)
        return
    assert can_encode([text], split)
    assert decode_text(data, codec_of(split)) == text


def test_a_set_that_is_unknown_or_has_no_escape_of_its_own_is_passed_over() -> None:
    assert encode_text("é", ["", "X", "ISO 2022 IR 6", "ISO 2022 IR 100"]) == b"\x1b-A\xe9"


def test_ideographs_are_written_as_the_standard_shows() -> None:
    name = "Zhang^XiaoDong=张^小东"
    expected = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab"
    assert encode_text(name, ["", "ISO 2022 IR 58"]) == expected


@pytest.mark.parametrize("terms", [[""], ["ISO_IR 100"], ["ISO_IR 13"], ["", "ISO 2022 IR 149"]])
def test_what_a_set_lacks_is_never_replaced(terms: list[str]) -> None:
    assert not can_encode(["东伟"], terms)
    assert not can_encode(["山"], terms[:1])


@pytest.mark.parametrize(
    "text", ["", "GB18030", "\\ISO 2022 IR 58", "ISO 2022 IR 100\\ISO 2022 IR 58"]
)
def test_a_setting_names_known_sets(text: str) -> None:
    assert known_charset(text) == text


@pytest.mark.parametrize("text", ["UTF-8", "ISO_IR 100\\GB18030", "\\ISO_IR 58"])
def test_a_setting_that_names_none_is_refused(text: str) -> None:
    with pytest.raises(UnknownCharset, match="unknown character set"):
        known_charset(text)
