"""Lists of what is stored, for people: sorted, cut and counted by the index.

What peers ask is answered by `dicom.query`, which matches by all the rules of PS3.4. Here a value
is matched as it stands, with `*` and `?`, a list of UIDs, a range of dates or times; a name without
regard to case, each of its component groups by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from dicom.storage.sight import Sight

_WILD = "*?"
_MOST_VALUES = 500


class Level(StrEnum):
    """What one row of an answer is."""

    STUDY = "STUDY"
    SERIES = "SERIES"
    INSTANCE = "IMAGE"


_OF_STUDY = MappingProxyType(
    {
        "StudyInstanceUID": "study.uid",
        "PatientID": "patient.id",
        "IssuerOfPatientID": "patient.issuer",
        "PatientName": "patient.name",
        "PatientBirthDate": "patient.birth",
        "PatientSex": "patient.sex",
        "StudyDate": "study.date",
        "StudyTime": "study.time",
        "AccessionNumber": "study.accession",
        "StudyID": "study.id",
        "StudyDescription": "study.description",
        "ReferringPhysicianName": "study.referring",
    }
)
_OF_SERIES = MappingProxyType(
    {
        "SeriesInstanceUID": "series.uid",
        "Modality": "series.modality",
        "SeriesNumber": "series.number",
        "SeriesDescription": "series.description",
        "SeriesDate": "series.date",
        "SeriesTime": "series.time",
        "BodyPartExamined": "series.body_part",
        "StationName": "series.station",
    }
)
_OF_INSTANCE = MappingProxyType(
    {
        "SOPInstanceUID": "instance.uid",
        "SOPClassUID": "instance.sop_class",
        "InstanceNumber": "instance.number",
    }
)
_COUNTED = MappingProxyType(
    {
        Level.STUDY: {
            "ModalitiesInStudy": "(SELECT group_concat(DISTINCT modality) FROM series"
            " WHERE series.study = study.uid)",
            "NumberOfStudyRelatedSeries": "(SELECT count(*) FROM series"
            " WHERE series.study = study.uid)",
            "NumberOfStudyRelatedInstances": "(SELECT count(*) FROM instance"
            " WHERE instance.study = study.uid)",
            "received": "study.received",
        },
        Level.SERIES: {
            "NumberOfSeriesRelatedInstances": "(SELECT count(*) FROM instance"
            " WHERE instance.series = series.uid)",
        },
        Level.INSTANCE: {"seq": "instance.seq", "body": "instance.body"},
    }
)
_FROM = MappingProxyType(
    {
        Level.STUDY: "study JOIN patient ON patient.key = study.patient",
        Level.SERIES: "series JOIN study ON study.uid = series.study"
        " JOIN patient ON patient.key = study.patient",
        Level.INSTANCE: "instance JOIN series ON series.uid = instance.series"
        " JOIN study ON study.uid = series.study JOIN patient ON patient.key = study.patient",
    }
)
_NEWEST = MappingProxyType(
    {
        Level.STUDY: "study.received DESC, study.uid",
        Level.SERIES: "study.received DESC, study.uid, CAST(series.number AS INTEGER), series.uid",
        Level.INSTANCE: "study.received DESC, series.uid, CAST(instance.number AS INTEGER),"
        " instance.uid",
    }
)
_MODALITIES = (
    "EXISTS(SELECT 1 FROM series AS of_study WHERE of_study.study = study.uid"
    " AND of_study.modality IN ({marks}))"
)


def columns(level: Level) -> Mapping[str, str]:
    """Keywords that can be matched and are answered at a level, with their columns."""
    found = dict(_OF_STUDY)
    if level is not Level.STUDY:
        found |= _OF_SERIES
    if level is Level.INSTANCE:
        found |= _OF_INSTANCE
    return found


@dataclass(frozen=True, slots=True)
class Search:
    """`conditions` are matching values by keyword; an empty one matches everything.

    `sort` is a keyword of the level, `-keyword` downwards; by default what came last stands first.
    `sight` leaves out studies that are not seen.
    """

    level: Level
    conditions: Mapping[str, str] = field(default_factory=dict)
    limit: int = 100
    offset: int = 0
    sort: str = ""
    sight: Sight | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Rows as values by keyword; `total` counts all that match."""

    rows: Sequence[Mapping[str, Any]]
    total: int


class NotSearchable(ValueError):  # noqa: N818 - a property of the question
    """A keyword that the index doesn't keep at this level, or a value that can't be matched."""


def statements(search: Search) -> tuple[str, str, list[Any], Sequence[str]]:
    """SQL for the rows and for their number, the bound values, and the rows' keywords.

    NotSearchable.
    """
    where, binds = _where(search)
    wanted = {**columns(search.level), **_COUNTED[search.level]}
    of = f"FROM {_FROM[search.level]} WHERE {where}"
    names = ", ".join(wanted.values())
    rows = f"SELECT {names} {of} ORDER BY {_order(search)} LIMIT ? OFFSET ?"
    return rows, f"SELECT count(*) {of}", binds, tuple(wanted)


def _order(search: Search) -> str:
    keyword = search.sort.removeprefix("-")
    if not keyword:
        return _NEWEST[search.level]
    column = {**columns(search.level), **_COUNTED[search.level]}.get(keyword)
    if column is None:
        raise NotSearchable(f"no order by {keyword}")
    return f"{column}{' DESC' if search.sort.startswith('-') else ''}, {_NEWEST[search.level]}"


def _where(search: Search) -> tuple[str, list[Any]]:
    known = columns(search.level)
    parts, binds = ["1"], []
    for keyword, value in search.conditions.items():
        if value in ("", "*"):
            continue
        if keyword == "ModalitiesInStudy":
            values = _values(value)
            part, more = _MODALITIES.format(marks=_marks(values)), list[Any](values)
        elif keyword in known:
            part, more = _condition(keyword, known[keyword], value)
        else:
            raise NotSearchable(f"{keyword} is not kept in the index")
        parts.append(part)
        binds += more
    if search.sight is not None:
        part, titles = search.sight.clause
        parts.append(part)
        binds += titles
    return " AND ".join(parts), binds


def _condition(keyword: str, column: str, value: str) -> tuple[str, list[Any]]:
    if keyword.endswith("UID"):
        values = _values(value)
        return f"{column} IN ({_marks(values)})", list(values)
    if keyword.endswith(("Date", "Time")) and "-" in value:
        return _range(keyword, column, value)
    if keyword.endswith("Name") and keyword != "StationName":
        return _name(column, value)
    if any(character in value for character in _WILD):
        return f"{column} LIKE ? ESCAPE '!'", [_like(value)]
    return f"{column} = ?", [value]


def _range(keyword: str, column: str, value: str) -> tuple[str, list[Any]]:
    """`a-b`, `a-` or `-b`, both ends included; a value that is not known matches no range."""
    first, dash, last = value.partition("-")
    digits = (first + last).replace(".", "")
    if not dash or "-" in last or (digits and not digits.isdigit()) or not digits:
        raise NotSearchable(f"{keyword}: {value[:40]!r} is no range")
    # A shorter value stands for all that begin with it: 1015 ends with 101559.999999.
    return f"{column} <> '' AND {column} >= ? AND {column} <= ?", [first, (last or "9") + "\x7f"]


def _name(column: str, value: str) -> tuple[str, list[Any]]:
    like = _like(value.rstrip("^"))
    forms = (like, f"{like}=%", f"%={like}", f"%={like}=%")
    tests = " OR ".join(f"{column} LIKE ? ESCAPE '!'" for _ in forms)
    return f"({tests})", list(forms)


def _like(value: str) -> str:
    escaped = "".join(f"!{each}" if each in "!%_" else each for each in value)
    return escaped.replace("*", "%").replace("?", "_")


def _values(value: str) -> list[str]:
    values = [each for each in value.replace(",", "\\").split("\\") if each]
    if not values or len(values) > _MOST_VALUES:
        raise NotSearchable(f"from 1 to {_MOST_VALUES} values can be asked for at once")
    return values


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))
