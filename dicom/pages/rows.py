"""What the lists of studies, series and objects show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from dicom.pages.names import clock, day, kind, person
from dicom.storage.object import StoredObject
from gateway import Instant
from gateway.room import Choice, Column, Search, Table

MODALITIES = (
    *("CR", "CT", "DX", "MG", "MR", "NM", "OT", "PT", "REG", "RTDOSE", "RTIMAGE", "RTPLAN"),
    *("RTRECORD", "RTSTRUCT", "SC", "SEG", "SR", "US", "XA"),
)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study as a line. `name` is shown, `names` is how it was sent."""

    uid: str
    name: str
    names: str
    patient: str
    issuer: str
    birth: str
    sex: str
    date: str
    time: str
    description: str
    accession: str
    referring: str
    modalities: tuple[str, ...]
    series: int
    instances: int
    received: Instant

    @classmethod
    def of(cls, row: Mapping[str, Any], language: str) -> Self:
        """From a row of the index."""
        return cls(
            row["StudyInstanceUID"],
            person(row["PatientName"], language),
            row["PatientName"],
            row["PatientID"],
            row["IssuerOfPatientID"],
            day(row["PatientBirthDate"]),
            row["PatientSex"],
            day(row["StudyDate"]),
            clock(row["StudyTime"]),
            row["StudyDescription"],
            row["AccessionNumber"],
            person(row["ReferringPhysicianName"], language),
            tuple(sorted(filter(None, (row["ModalitiesInStudy"] or "").split(",")))),
            row["NumberOfStudyRelatedSeries"],
            row["NumberOfStudyRelatedInstances"],
            Instant(row["received"]),
        )


STUDIES: Table[StudyRow] = Table(
    "studies",
    (
        Column("PatientName", "Patient", lambda row: row.name),
        Column("PatientID", "Number", lambda row: row.patient),
        Column("StudyDate", "Date", lambda row: f"{row.date} {row.time}".strip()),
        Column("", "Modality", lambda row: " ".join(row.modalities)),
        Column("StudyDescription", "Description", lambda row: row.description),
        Column("AccessionNumber", "Order", lambda row: row.accession),
        Column("NumberOfStudyRelatedInstances", "Objects", lambda row: row.instances, right=True),
    ),
    (
        Choice(
            "modality",
            "Modality",
            lambda row: " ".join(row.modalities),
            tuple((each, each) for each in MODALITIES),
        ),
        Search("from", "From day", lambda row: row.date),
        Search("to", "To day", lambda row: row.date),
    ),
    size=50,
)
"""Sorted and filtered by the index, whose keywords its columns bear."""


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series as a line."""

    uid: str
    modality: str
    number: str
    description: str
    date: str
    body_part: str
    station: str
    instances: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a row of the index."""
        return cls(
            row["SeriesInstanceUID"],
            row["Modality"],
            row["SeriesNumber"],
            row["SeriesDescription"],
            f"{day(row['SeriesDate'])} {clock(row['SeriesTime'])}".strip(),
            row["BodyPartExamined"],
            row["StationName"],
            row["NumberOfSeriesRelatedInstances"],
        )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _instance(row: StoredObject) -> float | None:
    return _number(row.attributes.text("InstanceNumber"))


def _frames(row: StoredObject) -> float | None:
    return _number(row.attributes.text("NumberOfFrames"))


OBJECTS: Table[StoredObject] = Table(
    "objects",
    (
        Column("number", "No.", _instance, right=True),
        Column("kind", "Kind", lambda row: kind(row.attributes.sop_class)),
        Column("received", "Received", lambda row: row.received_at),
        Column("sender", "Sender", lambda row: row.origin.calling),
        Column("frames", "Frames", _frames, right=True),
        Column("size", "Size", lambda row: row.blob.size, right=True),
        Column("", "UID", lambda row: row.uid),
    ),
    (Choice("sender", "Sender", lambda row: row.origin.calling),),
    sort="number",
    size=100,
)
