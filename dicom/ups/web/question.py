"""A search by address as C-FIND keys (PS3.18 8.3.4, 11.9). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dicom.content import Content
from dicom.elements import vr_of
from dicom.ups.matching import malformed
from dicom.web.question import Unclear, tag_of

_IGNORED = ("fuzzymatching", "includefield")
"""Every attribute is given anyway, and names are matched in all their writings."""
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Wanted:
    """Keys, and the part of the answers that is wanted."""

    keys: Content
    limit: int
    offset: int


def wanted(query: Iterable[tuple[str, str]], most: int) -> Wanted:
    """What an address asks for; Unclear if it can't be answered as it is meant."""
    keys: Content = {}
    numbers = {"limit": most, "offset": 0}
    for name, text in query:
        if name in numbers:
            if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
                raise Unclear(f"{name}: {text[:20]!r} is no number")
            numbers[name] = int(text)
        elif name not in _IGNORED:
            _ask(keys, name, text)
    if fault := malformed(keys):
        raise Unclear(fault)
    return Wanted(keys, min(numbers["limit"], most), numbers["offset"])


def _ask(keys: Content, name: str, text: str) -> None:
    """Add `Keyword=text`, or `Sequence.Keyword=text` for an attribute of its items."""
    *path, last = name.split(".")
    for step in path:
        number = _tag(step, name)
        if vr_of(number) != "SQ":
            raise Unclear(f"{step[:40]} is no sequence")
        items = keys.setdefault(f"{number:08X}", {"vr": "SQ", "Value": [{}]})["Value"]
        keys = items[0]
    number = _tag(last, name)
    vr = vr_of(number)
    if vr == "SQ":
        raise Unclear(f"{last[:40]} is a sequence: name an attribute of its items")
    keys[f"{number:08X}"] = {"vr": vr, "Value": _values(vr, text)}


def _tag(name: str, whole: str) -> int:
    number = tag_of(name)
    if not number:
        raise Unclear(f"no attribute {whole[:60]!r}")
    return number


def _values(vr: str, text: str) -> list[Any]:
    if vr == "UI":
        return [each for each in text.replace("\\", ",").split(",") if each]
    return [{"Alphabetic": text}] if vr == "PN" else [text]
