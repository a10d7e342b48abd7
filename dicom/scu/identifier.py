"""Small datasets of requests and answers: queries, work items, references. Pure."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from enum import StrEnum
from io import BytesIO
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.tag import Tag

from dicom.upper.negotiate import IMPLICIT
from gateway import ProtocolViolation

UNICODE = "ISO_IR 192"

_QUERIED = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI", "UT")
)
_TAG = re.compile(r"[0-9A-Fa-f]{8}")


class Level(StrEnum):
    """Query/Retrieve Level (0008,0052)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


_RETURNED: Mapping[Level, tuple[str, ...]] = {
    Level.PATIENT: ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    Level.STUDY: (
        "StudyInstanceUID",
        "StudyDate",
        "StudyTime",
        "StudyDescription",
        "AccessionNumber",
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "ModalitiesInStudy",
        "NumberOfStudyRelatedInstances",
    ),
    Level.SERIES: (
        "SeriesInstanceUID",
        "StudyInstanceUID",
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "NumberOfSeriesRelatedInstances",
    ),
    Level.IMAGE: (
        "SOPInstanceUID",
        "SOPClassUID",
        "SeriesInstanceUID",
        "StudyInstanceUID",
        "InstanceNumber",
    ),
}
"""What is asked for at a level when nobody says more."""


def query(level: Level, keys: Mapping[str, str], charset: str = UNICODE) -> Dataset:
    """An identifier of C-FIND, C-MOVE, C-GET; ValueError for a key that is no attribute.

    A key is a keyword (`PatientID`) or a tag (`0010,0020`); an empty value asks for the
    attribute's value. Several values are separated by a backslash.
    """
    made = keyed(keys, charset)
    made.QueryRetrieveLevel = level.value
    return made


def keyed(keys: Mapping[str, str], charset: str = UNICODE) -> Dataset:
    """A dataset with these keys; its character set is declared where a value needs one."""
    made = Dataset()
    if not "".join(keys.values()).isascii():
        made.SpecificCharacterSet = charset
    for key, value in keys.items():
        _put(made, key, value)
    return made


def with_returned(made: Dataset, level: Level) -> Dataset:
    """The query, also asking for what a list at its level shows."""
    for keyword in _RETURNED[level]:
        if keyword not in made:
            setattr(made, keyword, "")
    return made


def encode(made: Dataset, transfer_syntax: str) -> bytes:
    """For a presentation context. UnicodeEncodeError is turned into a ValueError with words."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = transfer_syntax == IMPLICIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            write_dataset(buffer, made)
    except (UserWarning, ValueError, TypeError) as error:
        raise ValueError(f"this can't be written as DICOM: {error}") from error
    return buffer.getvalue()


def decode(data: bytes, transfer_syntax: str) -> Dataset:
    """What a peer answered; ProtocolViolation if it is no dataset.

    Values are read as they are: what breaks the rules of its VR is still what the peer said.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = read_dataset(BytesIO(data), transfer_syntax == IMPLICIT, True)  # noqa: FBT003
            made.decode()
    except (ValueError, TypeError, KeyError, EOFError, NotImplementedError, LookupError) as error:
        raise ProtocolViolation(f"the answer is no dataset: {error}", data) from error
    return made


def plain(made: Dataset) -> dict[str, Any]:
    """By keyword, values as text; sequences as lists. For JSON and tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            keyword_for_tag(element.tag) or f"{element.tag}": _plain(element.value)
            for element in made
        }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Dataset):
        return plain(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        if hasattr(value, "original_string"):  # a person's name can be iterated over too
            return str(value)
        return [_plain(each) for each in value]
    return "" if value is None else str(value)


def _put(made: Dataset, key: str, value: str) -> None:
    tag = (tag_for_keyword(key) if key else None) or _tag(key)
    vr = dictionary_VR(tag).partition(" ")[0]
    if vr not in _QUERIED:
        raise ValueError(f"{key} is no text (VR {vr}): it can't be a key here")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a wildcard breaks the rules of most VRs
        made.add_new(tag, vr, value.split("\\") if "\\" in value else value)


def _tag(key: str) -> int:
    digits = key.replace(",", "").strip("()")
    if _TAG.fullmatch(digits) and dictionary_has_tag(Tag(int(digits, 16))):
        return int(digits, 16)
    raise ValueError(
        f"{key!r} is no attribute: write a keyword such as PatientID, or a tag 0010,0020"
    )
