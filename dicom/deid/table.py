"""The table of PS3.15 Annex E, and what it asks for under given options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from dicom.deid.options import Dates, DeidOptions

_TABLES = ("profile.tsv", "rt.tsv", "supplement.tsv")
_COLUMNS = 11
_REPEATING = ("50xxxxxx", "60xx4000", "60xx3000")
_CURVES, _OVERLAYS = 0x50, 0x60
_OVERLAY_COMMENTS, _OVERLAY_DATA = 0x4000, 0x3000


class Action(StrEnum):
    """What is done to an attribute (PS3.15 E.1, Table E.1-1a).

    Of the alternatives that the table leaves to the IOD (`X/Z/D`), the one is taken that no IOD
    objects to: a dummy is valid wherever an empty value or nothing is.
    """

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    CLEAN = "C"
    KEEP = "K"


@dataclass(frozen=True, slots=True)
class Line:
    """A row: the code of the Basic Profile, and those of the options (nothing: as the profile)."""

    basic: str
    uids: str
    device: str
    institution: str
    patient: str
    full_dates: str
    modified_dates: str
    descriptors: str
    structured: str
    graphics: str

    def code(self, options: DeidOptions) -> str:
        """The code that counts: what an option retains goes before what another cleans."""
        chosen = (
            self.uids if options.keep_uids else "",
            self.device if options.keep_device else "",
            self.institution if options.keep_institution else "",
            self.patient if options.keep_patient_characteristics else "",
            self.full_dates if options.dates is Dates.KEEP else "",
            self.modified_dates if options.dates is Dates.SHIFT else "",
            self.descriptors if options.words else "",
        )
        said = [code for code in chosen if code]
        return "K" if "K" in said else said[0] if said else self.basic


def _line(basic: str, *, uids: str = "", full_dates: str = "", modified_dates: str = "") -> Line:
    return Line(basic, uids, "", "", "", full_dates, modified_dates, "", "", "")


_PATIENT = 0x0010
_OF_PATIENT = _line("X")
_WHEN = _line("D", full_dates="K", modified_dates="C")
_BY_VR = {
    "UI": _line("U", uids="K"),
    "DA": _WHEN,
    "DT": _WHEN,
    "TM": _WHEN,
    "PN": _line("Z"),
}


@cache
def lines() -> Mapping[str, Line]:
    """The rows by tag in hexadecimal; repeating groups as the standard writes them."""
    return {tag: line for name in _TABLES for tag, line in _read(name)}


def line_of(tag: int) -> Line | None:
    """The row of a public attribute that a table names."""
    group, element = tag >> 16, tag & 0xFFFF
    if group >> 8 == _CURVES:
        return lines()[_REPEATING[0]]
    if group >> 8 == _OVERLAYS and element in (_OVERLAY_COMMENTS, _OVERLAY_DATA):
        return lines()[_REPEATING[1] if element == _OVERLAY_COMMENTS else _REPEATING[2]]
    return lines().get(f"{tag:08x}")


def otherwise(tag: int, vr: str) -> Line | None:
    """The row for a public attribute that no table names; None: it says nothing of anybody.

    Whatever is said of the patient goes, and so do persons; UIDs are mapped, dates are dates.
    """
    return _OF_PATIENT if tag >> 16 == _PATIENT else _BY_VR.get(vr)


def action(code: str) -> Action:
    """The action of a code of the table."""
    if "U" in code:
        return Action.UID
    return Action(code.rpartition("/")[2])


def _read(name: str) -> Iterator[tuple[str, Line]]:
    for row in files("dicom.deid").joinpath(name).read_text("ascii").splitlines():
        if row.startswith("#"):
            continue
        tag, *codes = row.split("\t")
        if len(codes) != _COLUMNS - 1:
            raise ValueError(f"{name}: {row!r} has not {_COLUMNS} columns")
        yield tag, Line(*("" if code == "-" else code for code in codes))
