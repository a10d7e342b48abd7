"""Small datasets to values and back, judged by pydicom."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom.content import count, declared, decode, encode, has_value, misnamed, tag, text, values
from gateway import ProtocolViolation
from tests.dicom_objects import encoded
from tests.dicom_ups import code, work_item

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


def everything() -> Dataset:
    """One element of each sort."""
    made = work_item(PatientName="Wang^XiaoDong=王^小东=wáng")
    made.SpecificCharacterSet = "ISO_IR 192"
    made.OtherPatientIDsSequence = [code("1", "一"), code("2", "二")]
    made.Rows, made.SelectorULValue, made.SelectorSLValue = 512, [7, 9], -7
    made.SelectorFDValue, made.SelectorFLValue = 0.1, 0.5
    made.SelectorATValue = [0x00100010, 0x0020000D]
    made.SelectorUVValue, made.SelectorSVValue = 2**60, -(2**60)
    made.TableTopVerticalPosition, made.NumberOfFrames = "12.50", "3"
    made.ReasonForCancellation = "a\\b\nc"
    made.EncapsulatedDocument = b"\x01\x02\x03\x04"
    made.OtherPatientNames = ["Li^Na", "Chen^Jie=陈^洁"]
    return made


def by_pydicom(data: bytes, syntax: str) -> Dataset:
    implicit = syntax == ImplicitVRLittleEndian
    return read_dataset(BytesIO(data), implicit, is_little_endian=True)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("other", SYNTAXES)
def test_what_pydicom_wrote_is_read_and_written_back(syntax: str, other: str) -> None:
    made = everything()
    content = decode(encoded(made, syntax), syntax)
    again = by_pydicom(encode(content, other), other)
    assert again.to_json_dict() == made.to_json_dict()


@pytest.mark.parametrize("charset", ["GB18030", "GBK", "ISO_IR 192"])
def test_names_come_in_and_go_out_in_the_charset_of_the_other_side(charset: str) -> None:
    made = Dataset()
    made.SpecificCharacterSet, made.PatientName = charset, "Zhang^Wei=张^伟"
    data = encoded(made)
    content = decode(data, ExplicitVRLittleEndian)
    assert text(content, tag("PatientName")) == "Zhang^Wei"
    assert declared(data, ExplicitVRLittleEndian) == charset
    assert encode(content, ExplicitVRLittleEndian, charset) == data


@pytest.mark.parametrize("charset", ["ISO_IR 100", "ISO 2022 IR 58", "nonsense", ""])
def test_a_charset_that_cannot_say_it_is_answered_in_unicode(charset: str) -> None:
    content: dict[str, Any] = {
        tag("PatientName"): {"vr": "PN", "Value": [{"Ideographic": "张^伟"}]}
    }
    data = encode(content, ExplicitVRLittleEndian, charset)
    assert declared(data, ExplicitVRLittleEndian) == "ISO_IR 192"
    assert decode(data, ExplicitVRLittleEndian) == content


def test_empty_is_not_absent_and_decimals_stay_as_written() -> None:
    made = Dataset()
    made.PatientID, made.AdmissionID = "", None
    made.TableTopVerticalPosition = "12.500"
    made.ReferencedRequestSequence = []
    content = decode(encoded(made), ExplicitVRLittleEndian)
    keys = [tag("PatientID"), tag("AdmissionID"), tag("ReferencedRequestSequence")]
    assert all(key in content and not has_value(content, key) for key in keys)
    assert values(content, tag("TableTopVerticalPosition")) == ["12.500"]
    again = by_pydicom(encode(content, ExplicitVRLittleEndian), ExplicitVRLittleEndian)
    assert again.to_json_dict() == made.to_json_dict()


def test_what_is_no_dataset_is_refused_with_a_reason() -> None:
    wrong_charset = Dataset()
    wrong_charset.SpecificCharacterSet, wrong_charset.PatientName = "ISO_IR 192", "a"
    bad = encoded(wrong_charset).replace(b"a ", b"\xff\xfe")
    for data, syntax, words in (
        (encoded(work_item())[:-3], ExplicitVRLittleEndian, "bytes at byte|cut off"),
        (encoded(work_item(), ImplicitVRLittleEndian), ExplicitVRLittleEndian, "has no VR"),
        (bad, ExplicitVRLittleEndian, "not utf_8"),
        (b"", ExplicitVRBigEndian, "transfer syntax"),
    ):
        with pytest.raises(ProtocolViolation, match=words):
            decode(data, syntax)


@given(
    st.sampled_from(SYNTAXES),
    st.lists(st.tuples(st.integers(0, 10**4), st.binary(min_size=1, max_size=4)), max_size=6),
    st.integers(0, 10**4),
)
def test_no_bytes_get_past_it_but_as_values_or_as_a_violation(
    syntax: str, changes: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(encoded(everything(), syntax))
    for place, new in changes:
        start = place % len(data)
        data[start : start + len(new)] = new
    del data[len(data) - cut % 40 :]
    try:
        content = decode(bytes(data), syntax)
    except ProtocolViolation:
        return
    assert all(len(key) == 8 and "vr" in each for key, each in content.items())


def test_sequences_cannot_be_nested_without_end() -> None:
    made = Dataset()
    for _ in range(40):
        outer = Dataset()
        outer.ReferencedRequestSequence = [made]
        made = outer
    with pytest.raises(ProtocolViolation, match="nested"):
        decode(encoded(made), ExplicitVRLittleEndian)


@pytest.mark.parametrize(
    ("vr", "value"),
    [("US", 70_000), ("CS", "中"), ("SH", "x" * 70_000)],
)
def test_a_value_that_its_vr_cannot_hold_is_a_value_error(vr: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode({"00741204": {"vr": vr, "Value": [value]}}, ExplicitVRLittleEndian)


def test_an_element_of_another_vr_is_named_at_any_depth() -> None:
    content = decode(encoded(everything()), ExplicitVRLittleEndian)
    assert misnamed(content) == ""
    wrong = {"00080104": {"vr": "PN", "Value": [{"Alphabetic": "x"}]}}
    content[tag("OtherPatientIDsSequence")]["Value"].append(wrong)
    assert misnamed(content) == "(0008,0104) is LO, not PN"
    assert misnamed({"00741216": {"vr": "UN", "InlineBinary": "AAAA"}}) != ""
    assert misnamed({"00091010": {"vr": "UN", "InlineBinary": "AAAA"}}) == ""


@pytest.mark.parametrize("found", [[], [None], [""], [" "], [{}], [{"00080100": {"vr": "SH"}}]])
def test_what_is_empty_all_the_way_down_is_no_value(found: list[Any]) -> None:
    content = {"00404028": {"vr": "SQ", "Value": found}}
    assert not has_value(content, "00404028")
    assert not has_value({"00741216": {"vr": "SQ", "Value": [content]}}, "00741216")


@pytest.mark.parametrize("found", [0, "x", {"Ideographic": "张"}, {"00280010": {"Value": [0]}}])
def test_what_is_said_anywhere_is_a_value(found: Any) -> None:
    assert has_value({"00741216": {"vr": "XX", "Value": [None, found]}}, "00741216")


def test_elements_values_and_items_are_counted_at_every_depth() -> None:
    inner = {"00080100": {"vr": "SH", "Value": ["a", None]}, "00080104": {"vr": "LO"}}
    assert count({}) == 0
    assert count({"00404028": {"vr": "SQ", "Value": [inner, {}]}}) == 1 + 2 + 4
