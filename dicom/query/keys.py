"""The attributes that can be asked for: where each belongs, and where the index has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from dicom.elements import vr_of


class Level(IntEnum):
    """The levels of the hierarchy, from the top (PS3.4 C.6.1.1, C.6.2.1)."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    IMAGE = 3


LEVEL = 0x00080052
RETRIEVE_TITLE = 0x00080054
AVAILABILITY = 0x00080056
FAILED = 0x00080058
TIMEZONE = 0x00080201
PATIENT_ID = 0x00100020
STUDY_UID = 0x0020000D
SERIES_UID = 0x0020000E
INSTANCE_UID = 0x00080018

UNIQUE: Mapping[Level, int] = MappingProxyType(
    {
        Level.PATIENT: PATIENT_ID,
        Level.STUDY: STUDY_UID,
        Level.SERIES: SERIES_UID,
        Level.IMAGE: INSTANCE_UID,
    }
)
"""The unique key of each level."""

_BODY = "json_extract(CAST(instance.body AS TEXT), '$.attributes.{}')"
_MODALITIES = (
    "(SELECT replace(group_concat(DISTINCT modality), ',', '\\') FROM series AS each"
    " WHERE each.study = study.uid AND modality <> '')"
)
_CLASSES = (
    "(SELECT replace(group_concat(DISTINCT sop_class), ',', '\\') FROM instance AS each"
    " WHERE each.study = study.uid)"
)


def _count(of: str, where: str) -> str:
    return f"(SELECT count(*) FROM {of} AS each WHERE {where})"  # noqa: S608 - constants below


@dataclass(frozen=True, slots=True)
class Key:
    """An attribute: the level that it belongs to, and the SQL that gives its text.

    `identifier`: compared as it is. `counted`: computed for an answer, never matched.
    """

    tag: int
    level: Level
    sql: str
    identifier: bool = False
    counted: bool = False

    @property
    def vr(self) -> str:
        return vr_of(self.tag)


def _body(tag: int, keyword: str) -> Key:
    return Key(tag, Level.IMAGE, _BODY.format(keyword))


_P, _ST, _SE, _IM = Level.PATIENT, Level.STUDY, Level.SERIES, Level.IMAGE
_OF_PATIENT = "each.patient = patient.key"
_BELOW_PATIENT = "each.study IN (SELECT uid FROM study AS s WHERE s.patient = patient.key)"

KEYS: Mapping[int, Key] = MappingProxyType(
    {
        key.tag: key
        for key in (
            Key(0x00100010, _P, "patient.name"),
            Key(PATIENT_ID, _P, "patient.id", identifier=True),
            Key(0x00100021, _P, "patient.issuer", identifier=True),
            Key(0x00100030, _P, "patient.birth"),
            Key(0x00100040, _P, "patient.sex"),
            Key(0x00201200, _P, _count("study", _OF_PATIENT), counted=True),
            Key(0x00201202, _P, _count("series", _BELOW_PATIENT), counted=True),
            Key(0x00201204, _P, _count("instance", _BELOW_PATIENT), counted=True),
            Key(STUDY_UID, _ST, "study.uid"),
            Key(0x00080020, _ST, "study.date"),
            Key(0x00080030, _ST, "study.time"),
            Key(0x00080050, _ST, "study.accession", identifier=True),
            Key(0x00200010, _ST, "study.id", identifier=True),
            Key(0x00081030, _ST, "study.description"),
            Key(0x00080090, _ST, "study.referring"),
            Key(0x00080061, _ST, _MODALITIES),
            Key(0x00080062, _ST, _CLASSES),
            Key(0x00201206, _ST, _count("series", "each.study = study.uid"), counted=True),
            Key(0x00201208, _ST, _count("instance", "each.study = study.uid"), counted=True),
            Key(SERIES_UID, _SE, "series.uid"),
            Key(0x00080060, _SE, "series.modality"),
            Key(0x00200011, _SE, "series.number"),
            Key(0x0008103E, _SE, "series.description"),
            Key(0x00080021, _SE, "series.date"),
            Key(0x00080031, _SE, "series.time"),
            Key(0x00180015, _SE, "series.body_part"),
            Key(0x00181030, _SE, "series.protocol"),
            Key(0x00081010, _SE, "series.station"),
            Key(0x00080080, _SE, "series.institution"),
            Key(0x00080070, _SE, "series.manufacturer"),
            Key(0x00201209, _SE, _count("instance", "each.series = series.uid"), counted=True),
            Key(INSTANCE_UID, _IM, "instance.uid"),
            Key(0x00080016, _IM, "instance.sop_class"),
            Key(0x00200013, _IM, "instance.number"),
            _body(0x00080023, "ContentDate"),
            _body(0x00080033, "ContentTime"),
            _body(0x00280008, "NumberOfFrames"),
            _body(0x00280010, "Rows"),
            _body(0x00280011, "Columns"),
            _body(0x00200052, "FrameOfReferenceUID"),
        )
    }
)
"""Every supported key, by tag."""

MOMENTS: Mapping[int, int] = MappingProxyType(
    {0x00080020: 0x00080030, 0x00080021: 0x00080031, 0x00080023: 0x00080033}
)
"""Dates with the times that belong to them, for combined matching."""
