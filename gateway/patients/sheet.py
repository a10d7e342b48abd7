"""A CSV file of patients, row by row. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.model import (
    Identifier,
    IdentifierType,
    PatientStatement,
    PersonName,
    Script,
    Visit,
    partial_date,
    script_of,
)
from gateway.profile import PersonWords
from gateway.room.sheet import Columns, Line, SheetFault
from gateway.room.words import texts

COLUMNS = Columns(
    {
        "number": ("number", "patient", "patient id", "患者号", "病案号"),
        "issuer": ("issuer", "发号方"),
        "type": ("type", "号码类型"),
        "name": ("name", "姓名"),
        "latin": ("latin", "latin name", "拼音"),
        "born": ("born", "birth date", "出生日期"),
        "sex": ("sex", "性别"),
        "ward": ("ward", "病区"),
        "bed": ("bed", "床号"),
    },
    needed=("number", "name"),
)

FAULTS = texts(
    "This is no date.",
    "No such sex is known.",
    "No such sort of number is known.",
    "These are no letters.",
)

_TYPES: Mapping[str, IdentifierType] = {
    **{each.value: each for each in IdentifierType},
    "病案号": IdentifierType.MRN,
    "住院号": IdentifierType.INPATIENT,
    "门诊号": IdentifierType.OUTPATIENT,
    "就诊卡": IdentifierType.CARD,
}
_WORDS = PersonWords()


@dataclass(frozen=True, slots=True)
class Stated:
    """A row: what it says, or what is wrong with it."""

    row: int
    said: PatientStatement | None
    faults: tuple[SheetFault, ...] = ()


def read(text: str, issuer: str) -> tuple[Sequence[Stated], Sequence[SheetFault]]:
    """The rows of a file, and what is wrong with it as a whole.

    `issuer` gave out the numbers of rows that do not say so.
    """
    lines, faults = COLUMNS.read(text)
    return _once([_stated(line, issuer) for line in lines]), faults


def _stated(line: Line, issuer: str) -> Stated:
    faults = tuple(_faults(line, issuer))
    if faults:
        return Stated(line.row, None, faults)
    own = Identifier(
        line["number"], line["issuer"] or issuer, _TYPES[line["type"] or IdentifierType.MRN]
    )
    sex = line["sex"]
    visit = Visit(ward=line["ward"], bed=line["bed"])
    said = PatientStatement(
        identifiers=(own,),
        names=tuple(_names(line)),
        birth_date=partial_date(line["born"]) if line["born"] else "",
        sex=_WORDS.sex_of(sex) if sex else None,
        sex_sent=sex,
        visit=None if visit == Visit() else visit,
    )
    return Stated(line.row, said)


def _names(line: Line) -> Iterator[PersonName]:
    family, _, given = line["name"].partition("^")
    script = script_of(line["name"])
    yield PersonName(script, family.strip(), given.strip())
    if line["latin"] and script is not Script.ALPHABETIC:
        family, _, given = line["latin"].partition("^")
        yield PersonName(Script.ALPHABETIC, family.strip(), given.strip())


def _faults(line: Line, issuer: str) -> Iterator[SheetFault]:
    yield from line.missing(COLUMNS.needed)
    if not (line["issuer"] or issuer):
        yield line.fault("number", "Nobody says who gave this number out.")
    if line["type"] and line["type"] not in _TYPES:
        yield line.fault("type", "No such sort of number is known.", line["type"])
    if line["sex"] and _WORDS.sex_of(line["sex"]) is None:
        yield line.fault("sex", "No such sex is known.", line["sex"])
    if line["latin"] and script_of(line["latin"]) is not Script.ALPHABETIC:
        yield line.fault("latin", "These are no letters.", line["latin"])
    if line["born"] and not _is_date(line["born"]):
        yield line.fault("born", "This is no date.", line["born"])


def _is_date(text: str) -> bool:
    try:
        partial_date(text)
    except ValueError:
        return False
    return True


def _once(lines: Sequence[Stated]) -> list[Stated]:
    """Of rows with one number none is taken: nobody knows which is meant."""
    numbers = Counter(line.said.own for line in lines if line.said)
    return [
        Stated(line.row, None, (_twice(line.row, own.value),))
        if line.said is not None and (own := line.said.own) is not None and numbers[own] > 1
        else line
        for line in lines
    ]


def _twice(row: int, number: str) -> SheetFault:
    return SheetFault(row, 1, "This number stands in several rows.", number)
