"""What the index knows of an object: its leading elements as text. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dicom.storage.charset import UnknownCharset, codec_of, decode_text
from dicom.storage.header import Header
from dicom.upper.negotiate import is_uid
from gateway import ProtocolViolation, Subject

_CHARSET = 0x00080005

TEXT = MappingProxyType(
    {
        0x00080020: "StudyDate",
        0x00080021: "SeriesDate",
        0x00080023: "ContentDate",
        0x00080030: "StudyTime",
        0x00080031: "SeriesTime",
        0x00080033: "ContentTime",
        0x00080050: "AccessionNumber",
        0x00080060: "Modality",
        0x00080070: "Manufacturer",
        0x00080080: "InstitutionName",
        0x00080090: "ReferringPhysicianName",
        0x00080201: "TimezoneOffsetFromUTC",
        0x00081010: "StationName",
        0x00081030: "StudyDescription",
        0x0008103E: "SeriesDescription",
        0x00100010: "PatientName",
        0x00100020: "PatientID",
        0x00100021: "IssuerOfPatientID",
        0x00100030: "PatientBirthDate",
        0x00100040: "PatientSex",
        0x00180015: "BodyPartExamined",
        0x00181030: "ProtocolName",
        0x00200010: "StudyID",
        0x00200011: "SeriesNumber",
        0x00200013: "InstanceNumber",
        0x00280008: "NumberOfFrames",
    }
)
"""Kept as text, by keyword; absent and empty ones are left out."""

_NUMBERS = MappingProxyType({0x00280010: "Rows", 0x00280011: "Columns"})
_UIDS = MappingProxyType(
    {
        0x00080016: "SOPClassUID",
        0x00080018: "SOPInstanceUID",
        0x0020000D: "StudyInstanceUID",
        0x0020000E: "SeriesInstanceUID",
        0x00200052: "FrameOfReferenceUID",
    }
)
WANTED = frozenset({_CHARSET, *TEXT, *_NUMBERS, *_UIDS})
LAST = max(WANTED)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Decoded leading elements by keyword. `problems` says what could not be decoded, and why.

    What can't be decoded is left out rather than guessed.
    """

    sop_class: str
    sop_instance: str
    study: str
    series: str
    values: Mapping[str, str]
    charset: str
    problems: tuple[str, ...] = ()

    @property
    def patient(self) -> Subject:
        """Whom the object names; what it leaves out is empty."""
        return Subject(patient=self.text("PatientID"), issuer=self.text("IssuerOfPatientID"))

    def text(self, keyword: str) -> str:
        return self.values.get(keyword, "")


def attributes_of(header: Header, undeclared: str = "") -> Attributes:
    """Decode; `undeclared` is the character set of datasets that declare none.

    ProtocolViolation for a UID that is none.
    """
    raw = header.values
    uids = {keyword: _uid(raw.get(tag, b""), keyword) for tag, keyword in _UIDS.items()}
    declared = raw.get(_CHARSET, b"").decode("ascii", "backslashreplace").strip(" \0")
    problems: list[str] = []
    charset = declared or undeclared
    values = _texts(raw, charset, problems)
    order = "big" if header.big_endian else "little"
    for tag, keyword in _NUMBERS.items():
        if len(data := raw.get(tag, b"")) == 2:  # noqa: PLR2004 - US
            values[keyword] = str(int.from_bytes(data, order))  # type: ignore[arg-type]
    if uids["FrameOfReferenceUID"]:
        values["FrameOfReferenceUID"] = uids["FrameOfReferenceUID"]
    return Attributes(
        sop_class=uids["SOPClassUID"],
        sop_instance=uids["SOPInstanceUID"],
        study=uids["StudyInstanceUID"],
        series=uids["SeriesInstanceUID"],
        values=values,
        charset=charset,
        problems=tuple(problems),
    )


def _texts(raw: Mapping[int, bytes], charset: str, problems: list[str]) -> dict[str, str]:
    try:
        codec = codec_of(charset.split("\\"))
    except UnknownCharset as error:
        problems.append(str(error))
        codec = "ascii"
    values = {}
    for tag, data in raw.items():
        keyword = TEXT.get(tag)
        if keyword is not None and (data := data.strip(b" \0")):
            try:
                values[keyword] = decode_text(data, codec)
            except UnknownCharset as error:
                problems.append(f"{keyword}: {error}")
    return values


def _uid(data: bytes, keyword: str) -> str:
    text = data.decode("ascii", "backslashreplace").strip(" \0")
    if text and not is_uid(text):
        raise ProtocolViolation(f"{keyword} {text[:70]!r} is no UID")
    return text
