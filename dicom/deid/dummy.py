"""Values that are valid for their VR and say nothing (PS3.15 E.1, action D)."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

_TEXT = "ANONYMIZED"
_BY_VR: dict[str, Any] = {
    "AE": _TEXT,
    "AS": "000Y",
    "CS": _TEXT,
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "FD": 0.0,
    "FL": 0.0,
    "IS": "0",
    "LO": _TEXT,
    "LT": _TEXT,
    "OB": b"\0\0",
    "OW": b"\0\0",
    "PN": _TEXT,
    "SH": _TEXT,
    "SL": 0,
    "SS": 0,
    "ST": _TEXT,
    "TM": "000000",
    "UC": _TEXT,
    "UL": 0,
    "UN": b"",
    "UR": "urn:anonymized",
    "US": 0,
    "UT": _TEXT,
}
_NUMBERED = {
    0x300A00C2: ("BeamNumber", "Beam"),
    0x30060026: ("ROINumber", "ROI"),
    0x300A0043: ("ToleranceTableNumber", "Tolerance"),
    0x30060085: ("ObservationNumber", "Observation"),
}
"""Labels that tell items of a sequence apart: the item's own number does so as well."""


def dummy(tag: int, vr: str, item: Dataset) -> Any:
    """A value for an attribute of `item`, which is still whole."""
    numbered = _NUMBERED.get(tag)
    if numbered is not None:
        keyword, word = numbered
        number = getattr(item, keyword, None)
        return f"{word} {number}" if number is not None else _TEXT
    return _BY_VR.get(vr, "")


def name_of(tag: int) -> str:
    """The keyword of an attribute, or its tag."""
    return keyword_for_tag(tag) or f"({tag >> 16:04x},{tag & 0xFFFF:04x})"
