"""The leading elements, judged by pydicom."""

from __future__ import annotations

import zlib
from contextlib import suppress
from io import BytesIO
from itertools import product
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicom.elements import decode
from dicom.storage.attributes import LAST, WANTED, attributes_of
from dicom.storage.header import Header, Incomplete, read_header
from gateway import ProtocolViolation
from tests.dicom_objects import dataset, encoded, image

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)


def bytes_in(made: Dataset, syntax: str) -> bytes:
    if syntax != DeflatedExplicitVRLittleEndian:
        return encoded(made, syntax)
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return machine.compress(encoded(made)) + machine.flush()


def header(data: bytes, syntax: str = ExplicitVRLittleEndian, *, whole: bool = False) -> Header:
    return read_header(data, syntax, WANTED, LAST, whole=whole)


def nested(depth: int) -> list[Dataset]:
    item = Dataset()
    item.CodeMeaning = "deep"
    for _ in range(depth):
        outer = Dataset()
        outer.ConceptNameCodeSequence = [item]
        item = outer
    return [item]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_indexed_element_is_what_pydicom_says(syntax: str) -> None:
    made = image(16)
    made.ReferencedStudySequence = nested(3)
    found = attributes_of(header(bytes_in(made, syntax), syntax))
    assert found.sop_class == made.SOPClassUID
    assert found.sop_instance == made.SOPInstanceUID
    assert (found.study, found.series) == (made.StudyInstanceUID, made.SeriesInstanceUID)
    assert found.text("PatientName") == str(made.PatientName)
    assert found.text("Rows") == "16"
    assert found.problems == ()


@pytest.mark.parametrize("undefined", [True, False])
@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_sequences_before_the_identity_are_passed_over(syntax: str, *, undefined: bool) -> None:
    made = dataset(ReferencedImageSequence=nested(20))
    for element in made:
        element.is_undefined_length = undefined and element.VR == "SQ"
    found = attributes_of(header(bytes_in(made, syntax), syntax, whole=True))
    assert found.study == made.StudyInstanceUID


UNDEFINED = 0xFFFFFFFF
LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
SHORT = (
    *("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD", "IS", "LO", "LT", "PN", "SH", "SL"),
    *("SS", "ST", "TM", "UI", "UL", "US"),
)


def head(tag: int, kind: str, length: int, *, explicit: bool, order: str = "<") -> bytes:
    group, element = tag >> 16, tag & 0xFFFF
    if not explicit or group == 0xFFFE:
        return pack(f"{order}HHI", group, element, length)
    if kind in LONG:
        return pack(f"{order}HH2sHI", group, element, kind.encode(), 0, length)
    return pack(f"{order}HH2sH", group, element, kind.encode(), length)


def element(tag: int, kind: str, value: bytes, *, explicit: bool = True) -> bytes:
    return head(tag, kind, len(value), explicit=explicit) + value


def wrapped(
    tag: int, kind: str, content: bytes, *, ends: bool, explicit: bool, order: str = "<"
) -> bytes:
    """A sequence or an item around `content`, of undefined length where it `ends`."""
    end = 0xFFFEE00D if tag == 0xFFFEE000 else 0xFFFEE0DD
    length = UNDEFINED if ends else len(content)
    last = head(end, "", 0, explicit=explicit, order=order) if ends else b""
    return head(tag, kind, length, explicit=explicit, order=order) + content + last


@st.composite
def contents(draw: st.DrawFn, deep: int = 3, *, explicit: bool = True) -> bytes:
    """Elements in ascending order, one of them perhaps a sequence, some of kind UN."""
    text = draw(st.integers(0, 40)) * b"ab"
    made = element(0x00080104, draw(st.sampled_from(["LO", "UN"])), text, explicit=explicit)
    if not deep or not draw(st.booleans()):
        return made
    ends, kind = draw(st.booleans()), draw(st.sampled_from(["SQ", "UN"]))
    inside = explicit and kind == "SQ"
    if kind == "UN" and not ends:
        kind, inside = "SQ", explicit
    items = b"".join(
        wrapped(0xFFFEE000, "", each, ends=draw(st.booleans()), explicit=inside)
        for each in draw(st.lists(contents(deep - 1, explicit=inside), max_size=3))
    )
    return made + wrapped(0x00081140, kind, items, ends=ends, explicit=explicit)


def around(middle: bytes) -> bytes:
    """A dataset with something before its identity ends."""
    return (
        element(0x00080018, "UI", b"1.2.3\0")
        + middle
        + element(0x00100020, "LO", b"P1")
        + element(0x0020000D, "UI", b"1.2.4\0")
    )


def agreed(data: bytes) -> None:
    """Ours is what pydicom and `elements.decode` make of a whole dataset."""
    found = header(data, whole=True).values
    theirs = read_dataset(BytesIO(data), is_implicit_VR=False, is_little_endian=True)
    assert theirs.StudyInstanceUID == "1.2.4"
    decoded = decode(data, ExplicitVRLittleEndian)
    for tag in (0x00080018, 0x00100020, 0x0020000D):
        assert found[tag] == decoded[tag].value
        assert found[tag].rstrip(b"\0").decode() == theirs[tag].value


@given(contents())
def test_what_precedes_the_identity_is_passed_over_as_others_do(middle: bytes) -> None:
    agreed(around(middle))


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        (kind, ends)
        for kind, ends in product((*SHORT, *LONG), [True, False])
        if ord(kind[0]) % 2 == 0
    ],
)
def test_an_item_whose_length_spells_a_vr_is_an_item(kind: str, *, ends: bool) -> None:
    size = int.from_bytes(kind.encode(), "little")
    item = element(0x00080104, "LO", b"ab")
    item += element(0x00083100, "UT", b"y" * (size - len(item) - 12))
    assert len(item) == size
    items = wrapped(0xFFFEE000, "", item, ends=False, explicit=True)
    agreed(around(wrapped(0x00081140, "SQ", items, ends=ends, explicit=True)))


@pytest.mark.parametrize("order", ["<", ">"])
def test_unknown_of_undefined_length_is_implicit_little_endian(order: str) -> None:
    """PS3.5 6.2.2, whatever the transfer syntax."""
    inner = element(0x00091002, "", b"abcd", explicit=False)
    item = wrapped(0xFFFEE000, "", inner, ends=True, explicit=False)
    items = item + head(0xFFFEE0DD, "", 0, explicit=False)
    data = head(0x00091001, "UN", UNDEFINED, explicit=True, order=order) + items
    last = head(0x0020000D, "UI", 6, explicit=True, order=order) + b"1.2.4\0"
    syntax = ExplicitVRLittleEndian if order == "<" else ExplicitVRBigEndian
    assert header(data + last, syntax, whole=True).values == {0x0020000D: b"1.2.4\0"}


def test_nesting_is_bounded() -> None:
    data = (
        b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff"
        + b"\xfe\xff\0\xe0\xff\xff\xff\xff\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff" * 40
    )
    with pytest.raises(ProtocolViolation, match="nested"):
        header(data)


@given(st.integers(0, 1300))
def test_a_prefix_is_incomplete_or_tells_the_same(length: int) -> None:
    made = image(16, SOPInstanceUID="1.2.3.4")
    whole = encoded(made)
    try:
        found = header(whole[:length])
    except Incomplete:
        return
    if found.at_least > length or length >= len(whole):
        assert found.values == header(whole).values


def test_pixel_data_that_are_cut_off_are_noticed_by_their_length() -> None:
    whole = encoded(image(64))
    assert header(whole[:2000]).at_least == len(whole)
    assert header(whole).at_least == len(whole)


@given(st.binary(max_size=300), st.sampled_from(SYNTAXES))
def test_noise_ends_in_words(data: bytes, syntax: str) -> None:
    with suppress(ProtocolViolation, Incomplete):
        attributes_of(header(data, syntax, whole=True))


@given(st.data(), st.sampled_from(SYNTAXES))
def test_a_changed_byte_ends_in_words_or_in_attributes(data: st.DataObject, syntax: str) -> None:
    made = dataset(ReferencedImageSequence=nested(2), SOPInstanceUID="1.2.3.4")
    whole = bytearray(bytes_in(made, syntax))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ProtocolViolation, Incomplete):
        attributes_of(header(bytes(whole), syntax, whole=True))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\x02\0\x10\0UI\x04\x001.2\0", r"\(0002,0010\) does not belong"),
        (b"\x08\0\x18\0\x04\0\0\x001.2\0", "no value representation"),
        (b"\x10\0\x10\0UT\0\0\xf0\xff\xff\xff", "announces 4294967280 bytes"),
    ],
)
def test_what_is_no_dataset_is_told(data: bytes, told: str) -> None:
    with pytest.raises(ProtocolViolation, match=told):
        header(data)


def test_elements_are_bounded() -> None:
    with pytest.raises(ProtocolViolation, match="more than 200000 elements"):
        header(b"\x08\0\x06\0CS\0\0" * 250_000)


def test_a_prefix_that_ends_between_two_elements_is_not_the_whole() -> None:
    data = encoded(dataset())[: 8 + 10]
    with pytest.raises(Incomplete):
        header(data)
    assert header(data, whole=True).values == {0x00080005: b"ISO_IR 192"}


def test_a_deflated_bomb_is_not_inflated() -> None:
    machine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = machine.compress(b"\x08\0\x05\0CS\0\0" * 10_000_000) + machine.flush()
    with pytest.raises((Incomplete, ProtocolViolation)):
        header(bomb, DeflatedExplicitVRLittleEndian)


@pytest.mark.parametrize(
    "values", [{"SOPInstanceUID": "1.2.x"}, {"StudyInstanceUID": "1." * 40 + "1"}]
)
def test_a_malformed_uid_is_a_violation(values: dict[str, Any]) -> None:
    made = header(encoded(dataset()), whole=True)
    name, value = next(iter(values.items()))
    tag = {"SOPInstanceUID": 0x00080018, "StudyInstanceUID": 0x0020000D}[name]
    with pytest.raises(ProtocolViolation, match=f"{name} .* is no UID"):
        attributes_of(Header({**made.values, tag: value.encode()}, made.at_least))
