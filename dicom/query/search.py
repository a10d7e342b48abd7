"""The rows of the index that fit a question, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dicom.query.keys import KEYS, MOMENTS, PATIENT_ID, SERIES_UID, STUDY_UID, Key, Level
from dicom.query.matching import moment_of
from dicom.query.question import Question
from dicom.storage.sight import Sight
from dicom.storage.tables import Tables

_FROM = {
    Level.PATIENT: "patient",
    Level.STUDY: "study JOIN patient ON patient.key = study.patient",
    Level.SERIES: (
        "series JOIN study ON study.uid = series.study JOIN patient ON patient.key = study.patient"
    ),
    Level.IMAGE: (
        "instance JOIN series ON series.uid = instance.series"
        " JOIN study ON study.uid = instance.study JOIN patient ON patient.key = study.patient"
    ),
}
_CURSOR = {
    Level.PATIENT: "patient.key",
    Level.STUDY: "study.uid",
    Level.SERIES: "series.uid",
    Level.IMAGE: "instance.uid",
}
_LAST_CHARACTER = "\U0010ffff"
_STUDY_DATE, _MODALITY, _MODALITIES, _CLASS = 0x00080020, 0x00080060, 0x00080061, 0x00080016
_NAME, _ACCESSION, _INSTANCE = 0x00100010, 0x00080050, 0x00080018
_INDEXED = frozenset((PATIENT_ID, STUDY_UID, SERIES_UID, _INSTANCE, _ACCESSION, _MODALITY, _CLASS))
_OF_MODALITY = "study.uid IN (SELECT study FROM series WHERE modality IN ({}))"
_OF_NAME = "patient.key IN (SELECT patient FROM patient_name WHERE word >= ? AND word < ?)"
_HINTS = {_ACCESSION: " AND study.accession <> ''"}
"""What lets SQLite use an index that leaves out what is empty."""
_MOST_LISTED = 500

Row = Mapping[int, str]
"""Values of an entity as text, by tag."""


@dataclass(frozen=True, slots=True)
class Page:
    """Entities that fit, and where the next page begins; None if there is none."""

    rows: tuple[Row, ...]
    next: str | int | None


class Search:
    """A question as SQL that finds candidates, and the tests that each of them has to pass.

    `sight` leaves out what is not seen; not of patients, who are asked for by peers alone.
    """

    def __init__(self, question: Question, size: int = 200, sight: Sight | None = None) -> None:
        self._question, self._size = question, size
        self._keys = tuple(dict.fromkeys((*question.keys, *_needed(question))))
        cursor = _CURSOR[question.level]
        clauses = list(_clauses(question))
        if sight is not None:
            clauses.append(sight.clause)
        self._binds = [bind for _, binds in clauses for bind in binds]
        where = " AND ".join((*(clause for clause, _ in clauses), f"{cursor} > ?"))
        columns = ", ".join((cursor, *(key.sql for key in self._keys)))
        self._sql = (
            f"SELECT {columns} FROM {_FROM[question.level]}"  # noqa: S608 - constants
            f" WHERE {where} ORDER BY {cursor} LIMIT ?"
        )
        self.start: str | int = 0 if question.level is Level.PATIENT else ""

    def page(self, tables: Tables, after: str | int) -> Page:
        """The entities of one page that fit; asked in the thread of the index."""
        found = list(tables.rows(self._sql, (*self._binds, after, self._size)))
        rows = (self._row(values) for _, *values in found)
        fitting = tuple(row for row in rows if fits(self._question, row))
        return Page(fitting, found[-1][0] if len(found) == self._size else None)

    def _row(self, values: list[Any]) -> Row:
        pairs = zip(self._keys, values, strict=True)
        return {key.tag: "" if value is None else str(value) for key, value in pairs}


def fits(question: Question, row: Row) -> bool:
    """Whether an entity fits every key; of several values one is enough."""
    for tag, match in question.matches.items():
        if tag in question.moments:
            moment = moment_of(row[tag], row[MOMENTS[tag]])
            if not question.moments[tag].holds(moment):
                return False
        elif not any(map(match.test, row[tag].split("\\"))):
            return False
    return True


def _needed(question: Question) -> Iterator[Key]:
    for tag in question.matches:
        yield KEYS[tag]
        if tag in question.moments:
            yield KEYS[MOMENTS[tag]]


def _clauses(question: Question) -> Iterator[tuple[str, Sequence[str]]]:
    """What the index can rule out at once; `fits` decides."""
    for tag, match in question.matches.items():
        exactly = match.exactly
        if exactly is not None and len(exactly) > _MOST_LISTED:
            continue
        if exactly is not None and tag in _INDEXED:
            yield f"{KEYS[tag].sql} IN ({_marks(exactly)}){_HINTS.get(tag, '')}", exactly
        elif exactly is not None and tag == _MODALITIES:
            yield _OF_MODALITY.format(_marks(exactly)), exactly
        elif match.days is not None and tag == _STUDY_DATE:
            yield "study.day BETWEEN ? AND ?", (match.days.first, match.days.last)
        elif match.prefixes is not None and tag == _NAME:
            for prefix in filter(None, match.prefixes):
                yield _OF_NAME, (prefix, prefix + _LAST_CHARACTER)


def _marks(values: tuple[str, ...]) -> str:
    return ",".join("?" * len(values))
