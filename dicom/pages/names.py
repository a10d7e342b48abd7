"""What objects say, as people read it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dicom.storage.classes import name_of
from dicom.storage.index import Clash

_DAY = 8
_SHORT_TIME = 4
_STEP = 1000

CLASHES: Mapping[Clash, str] = {
    Clash.CONTENT: "same UID, other content",
    Clash.PATIENT: "same study, other patient",
    Clash.SERIES: "same series, other study",
}
"""In what an object contradicts another one, in words."""


def person(text: str, language: str) -> str:
    """A name of VR PN: the component group that a reader of the language reads best."""
    groups = [*text.split("="), "", ""][:3]
    order = (1, 0, 2) if language.startswith("zh") else (0, 1, 2)
    shown = next((groups[place] for place in order if groups[place].strip("^ ")), "")
    family, given, middle, *_ = [*(part.strip() for part in shown.split("^")), "", "", ""]
    rest = " ".join(part for part in (given, middle) if part)
    if not shown.isascii():
        return f"{family}{rest}"
    return f"{family}, {rest}" if family and rest else family or rest


def day(text: str) -> str:
    """A date of VR DA as 2026-11-23; what is none as it stands."""
    if len(text) == _DAY and text.isdigit():
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text


def clock(text: str) -> str:
    """A time of VR TM as 10:15."""
    digits = text[:_SHORT_TIME]
    return f"{digits[:2]}:{digits[2:]}" if len(digits) == _SHORT_TIME and digits.isdigit() else text


def kind(sop_class: str) -> str:
    """A SOP class without the words that all of them share."""
    return name_of(sop_class).removesuffix(" Storage").removesuffix(" Image")


def size(count: int) -> str:
    """Bytes in a unit of which few are needed, in three digits."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < _STEP:
            break
        amount, unit = amount / _STEP, larger
    return f"{amount:.3g} {unit}"
