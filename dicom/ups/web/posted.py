"""Datasets as clients post them (PS3.18 F.2), judged before anything is done with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from dicom.content import Content, misnamed
from dicom.upper.negotiate import EXPLICIT

_KEY = re.compile(r"[0-9A-Fa-f]{8}")
_CHARSET = "00080005"
_DEEPEST = 16
_NUMBERS = frozenset(("FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"))
_DECIMALS = frozenset(("DS", "IS"))
_BINARY = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_TEXTS = frozenset(
    ("AE", "AS", "AT", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
)
_GROUPS = frozenset(("Alphabetic", "Ideographic", "Phonetic"))


class NotADataset(ValueError):  # noqa: N818 - what it is not
    """What was posted is no dataset in the JSON model; says where."""


def posted(body: bytes, encode: Callable[[Content, str], bytes]) -> Content:
    """The one dataset of a body, alone or in an array; an empty body has no elements.

    `encode` must be able to write it: what no peer could be told is not taken.
    """
    if not body.strip():
        return {}
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotADataset(f"the body is no JSON: {error}") from None
    if isinstance(said, list) and len(said) == 1:
        (said,) = said
    content = _dataset(said, "", 0)
    if wrong := misnamed(content):
        raise NotADataset(wrong)
    try:
        encode(content, EXPLICIT)
    except ValueError as error:
        raise NotADataset(str(error)) from None
    return content


def _dataset(said: Any, place: str, depth: int) -> Content:
    if not isinstance(said, dict) or depth > _DEEPEST:
        raise NotADataset(f"{place or 'the body'} is no dataset")
    content = {}
    for key, element in said.items():
        where = f"{place}{key}"
        if not _KEY.fullmatch(key) or not isinstance(element, dict):
            raise NotADataset(f"{where[:80]!r} is no element")
        if key != _CHARSET:
            content[key.upper()] = _element(element, where, depth)
    return content


def _element(element: dict[str, Any], where: str, depth: int) -> dict[str, Any]:
    vr = element.get("vr")
    known = isinstance(vr, str) and (
        vr in _NUMBERS | _DECIMALS | _BINARY | _TEXTS or vr in ("PN", "SQ")
    )
    if not known:
        raise NotADataset(f"{where}: no value representation {str(vr)[:8]!r}")
    if vr in _BINARY:
        inline = element.get("InlineBinary", "")
        if not isinstance(inline, str) or "BulkDataURI" in element:
            raise NotADataset(f"{where}: only InlineBinary is taken")
        return {"vr": vr, "InlineBinary": inline} if inline else {"vr": vr}
    given = element.get("Value") or []
    if not isinstance(given, list):
        raise NotADataset(f"{where}: Value is no array")
    values = [_value(vr, value, where, depth) for value in given]
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _value(vr: Any, value: Any, where: str, depth: int) -> Any:
    if vr == "SQ":
        return _dataset({} if value is None else value, f"{where}.", depth + 1)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if vr in _NUMBERS and is_number:
        return value
    if vr in _DECIMALS and (is_number or isinstance(value, str)):
        return str(value)
    if vr == "PN" and isinstance(value, dict):
        groups = value.keys() <= _GROUPS and all(isinstance(each, str) for each in value.values())
        if groups:
            return value
    if vr in _TEXTS and isinstance(value, str):
        return value
    raise NotADataset(f"{where}: {str(value)[:40]!r} is no {vr}")
