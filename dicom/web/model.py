"""Attributes in the JSON model (PS3.18 F.2), from texts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from dicom.elements import vr_of

Dataset: TypeAlias = dict[str, Any]
"""A dataset in the JSON model, by tag in eight digits."""

_NUMBERS = frozenset(("IS", "DS", "US", "UL", "SS", "SL", "FL", "FD"))
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def key(tag: int) -> str:
    """A tag as the JSON model writes it."""
    return f"{tag:08X}"


def element(tag: int, text: str) -> dict[str, Any]:
    """An attribute by its text, in which backslashes part values; without values if it has none."""
    vr = vr_of(tag)
    if not text:
        return {"vr": vr}
    return {"vr": vr, "Value": [_value(vr, each) for each in text.split("\\")]}


def dataset(values: Mapping[int, str]) -> Dataset:
    """Attributes in ascending order of tags."""
    return {key(tag): element(tag, values[tag]) for tag in sorted(values)}


def sequence(*items: Dataset) -> dict[str, Any]:
    return {"vr": "SQ", "Value": list(items)} if items else {"vr": "SQ"}


def _value(vr: str, text: str) -> Any:
    if vr == "PN":
        return {name: group for name, group in zip(_GROUPS, text.split("="), strict=False) if group}
    if vr in _NUMBERS:
        return _number(text)
    return text


def _number(text: str) -> Any:
    """A number that is none stays a text (F.2.2, note), rather than a wrong number."""
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text
