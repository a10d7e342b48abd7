"""The objects that a C-MOVE or C-GET names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dicom.dimse import Status
from dicom.query.keys import KEYS, UNIQUE, Level
from dicom.query.question import NotAnswered, Question, keyword
from dicom.storage.object import Blob
from dicom.storage.tables import Tables
from gateway import Subject

_ISSUER = 0x00100021
_UNABLE = 0xC001
_MOST_LISTED = 20_000
_OBJECTS = """
SELECT instance.uid, instance.sop_class, instance.digest, instance.size,
  json_extract(CAST(instance.body AS TEXT), '$.transfer_syntax'), patient.id, patient.issuer
FROM instance JOIN study ON study.uid = instance.study
  JOIN series ON series.uid = instance.series JOIN patient ON patient.key = study.patient
WHERE {where} ORDER BY instance.seq
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One object to be sent."""

    uid: str
    sop_class: str
    blob: Blob
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What was named. `subject` is the patient if all objects are of one."""

    items: Sequence[Item]
    subject: Subject | None


def selected(tables: Tables, question: Question) -> Selection:
    """Objects in the order in which they came; asked in the thread of the index.

    NotAnswered if a patient ID alone does not say whose it is.
    """
    where, binds = _where(question)
    rows = list(tables.rows(_OBJECTS.format(where=where), binds))
    patients = sorted({(row[5], row[6]) for row in rows})
    if question.level is Level.PATIENT and len(patients) > 1:
        words = "PatientID has more than one issuer: name IssuerOfPatientID"
        raise NotAnswered(_UNABLE, words, _ISSUER)
    items = [
        Item(uid, sop_class, Blob(digest, size), syntax)
        for uid, sop_class, digest, size, syntax, _, _ in rows
    ]
    subject = None
    if len(patients) == 1 and patients[0][0]:
        subject = Subject(patient=patients[0][0], issuer=patients[0][1])
    return Selection(items, subject)


def require_unique(question: Question) -> None:
    """A retrieval names its entities by their unique keys alone (PS3.4 C.4.2.2.1)."""
    tag = UNIQUE[question.level]
    match = question.matches.get(tag)
    if match is None or match.exactly is None:
        words = f"{keyword(tag)} must be given, without wild cards"
        raise NotAnswered(Status.DATASET_DOES_NOT_MATCH, words, tag)
    if len(match.exactly) > _MOST_LISTED:
        raise NotAnswered(Status.OUT_OF_RESOURCES, f"more than {_MOST_LISTED} UIDs", tag)


def _where(question: Question) -> tuple[str, Sequence[str]]:
    """By unique keys, and the issuer of a patient's; other keys have no part in a retrieval."""
    clauses: list[str] = []
    binds: list[str] = []
    for tag in (*UNIQUE.values(), _ISSUER):
        match = question.matches.get(tag)
        if match is not None and match.exactly is not None:
            clauses.append(f"{KEYS[tag].sql} IN ({','.join('?' * len(match.exactly))})")
            binds += match.exactly
    return " AND ".join(clauses), binds
