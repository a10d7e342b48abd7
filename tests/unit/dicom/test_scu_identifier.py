"""Queries from what a person writes, and answers as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.dimse import EXPLICIT, IMPLICIT
from dicom.scu.identifier import Level, decode, encode, keyed, plain, query, with_returned
from gateway import ProtocolViolation


def test_keys_are_keywords_or_tags() -> None:
    made = query(Level.STUDY, {"PatientID": "P-1", "0008,0020": "20260101-", "(0008,0050)": "A"})
    assert (made.PatientID, made.StudyDate, made.AccessionNumber) == ("P-1", "20260101-", "A")
    assert made.QueryRetrieveLevel == "STUDY"
    assert "SpecificCharacterSet" not in made


@pytest.mark.parametrize("key", ["PatientIdentifier", "0010,00", "9999,9999", "x" * 8, ""])
def test_a_key_that_is_no_attribute_is_said_so(key: str) -> None:
    with pytest.raises(ValueError, match="is no attribute: write a keyword"):
        query(Level.STUDY, {key: "1"})


def test_what_is_no_text_is_no_key() -> None:
    for key in ("ReferencedStudySequence", "Rows", "PixelData"):
        with pytest.raises(ValueError, match="is no text"):
            keyed({key: "1"})


@pytest.mark.parametrize("keyword", ["Modality", "StudyDate", "StudyInstanceUID", "StudyTime"])
def test_a_wildcard_is_taken_everywhere(keyword: str) -> None:
    data = encode(keyed({keyword: "1*"}), EXPLICIT)
    assert b"1*" in data


def test_a_chinese_key_declares_its_character_set() -> None:
    made = query(Level.STUDY, {"PatientName": "张*"}, "GB18030")
    data = encode(made, EXPLICIT)
    assert made.SpecificCharacterSet == "GB18030"
    assert "张*".encode("gb18030") in data
    assert str(decode(data, EXPLICIT).PatientName) == "张*"


def test_a_character_set_that_lacks_the_key_is_refused() -> None:
    with pytest.raises(ValueError, match="can't be written as DICOM"):
        encode(keyed({"PatientName": "张*"}, "ISO_IR 100"), EXPLICIT)


def test_what_a_list_shows_is_asked_for_and_keys_stay() -> None:
    made = with_returned(query(Level.SERIES, {"Modality": "CT"}), Level.SERIES)
    assert made.Modality == "CT"
    assert made["SeriesDescription"].value == ""


def test_answers_are_text_by_keyword() -> None:
    made = keyed({"PatientName": "Li^Na=李^娜", "ModalitiesInStudy": "CT\\RTPLAN", "PatientID": ""})
    inner = keyed({"Modality": "CT"})
    made.ScheduledProcedureStepSequence = [inner]
    assert plain(decode(encode(made, IMPLICIT), IMPLICIT)) == {
        "SpecificCharacterSet": "ISO_IR 192",
        "ModalitiesInStudy": ["CT", "RTPLAN"],
        "PatientName": "Li^Na=李^娜",
        "PatientID": "",
        "ScheduledProcedureStepSequence": [{"Modality": "CT"}],
    }


@given(st.binary(max_size=200), st.sampled_from([IMPLICIT, EXPLICIT]))
def test_any_answer_is_a_dataset_or_a_violation(data: bytes, syntax: str) -> None:
    try:
        plain(decode(data, syntax))
    except ProtocolViolation:
        return
