"""Names and numbers as somebody may read them who need not know whose they are. Pure.

The one place that masks: pages, the API and the displays all ask it. What it gives away of a
Chinese name is the surname and the last character of a given name of two or more; of any other
name initials. The length of what is hidden is not given away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from importlib.resources import files

from gateway.model import Identifier, IdentifierType, PersonName, Script, script_of

STAR = "*"
_SHOWN_DIGITS = 4
_PARTS = re.compile(r"\s*[·•・‧∙]\s*")
_ASIDE = re.compile(r"\s*[(（\[【].*$")

_COMPOUND = frozenset(
    files("gateway.patients").joinpath("surnames.txt").read_text(encoding="utf-8").split()
)


class Sight(StrEnum):
    """How much of a name is shown: all of it, masked, its initials, or nothing."""

    WHOLE = "whole"
    MASKED = "masked"
    INITIALS = "initials"
    NOTHING = "nothing"


def name_for(names: Sequence[PersonName], language: str) -> PersonName | None:
    """The script that a reader of `language` reads best, of those that there are."""
    wanted = (
        (Script.IDEOGRAPHIC, Script.ALPHABETIC)
        if language.startswith("zh")
        else (Script.ALPHABETIC, Script.IDEOGRAPHIC)
    )
    for script in (*wanted, Script.PHONETIC):
        for name in names:
            if name.script is script:
                return name
    return None


def shown(name: PersonName, sight: Sight) -> str:
    """A name as far as `sight` lets it be seen."""
    match sight:
        case Sight.WHOLE:
            return name.text
        case Sight.MASKED:
            return masked(name)
        case Sight.INITIALS:
            return initials(name)
        case Sight.NOTHING:
            return ""


def masked(name: PersonName) -> str:
    """张*三, 张*, 欧阳*娜, 阿*·买*; `J. S.` of a name in letters.

    A surname is what stands as the family name; of a name that came in one piece it is the first
    character, or a compound surname.
    """
    family, given = _divided(name)
    if script_of(family + given) is not Script.IDEOGRAPHIC:
        return initials(name)
    if _PARTS.search(family + given):
        return "·".join(f"{part[0]}{STAR}" for part in _PARTS.split(family + given) if part)
    if not given:
        return STAR if family else ""
    return f"{family}{STAR}{given[-1] if len(given) > 1 else ''}"


def initials(name: PersonName) -> str:
    """Given names first, as letters and points; of a Chinese name the surname's character."""
    family, given = _divided(name)
    if script_of(family + given) is Script.IDEOGRAPHIC:
        return f"{family[:1]}{STAR}" if family else ""
    words = [*re.split(r"[\s\-]+", given), *re.split(r"[\s\-]+", family)]
    return " ".join(f"{word[0].upper()}." for word in words if word)


def masked_number(identifier: Identifier) -> str:
    """The last four characters of a number that is long enough to hide behind them.

    What the state or an insurance gave out leads anywhere: of it the last two.
    """
    value = identifier.value
    left = 2 if identifier.type in _GUARDED else _SHOWN_DIGITS
    if len(value) < left * 2:
        return STAR * 3
    return f"{STAR * 3}{value[-left:]}"


_GUARDED = frozenset({IdentifierType.NATIONAL, IdentifierType.INSURANCE, IdentifierType.PASSPORT})


def _divided(name: PersonName) -> tuple[str, str]:
    """Family and given name, without what stands in brackets behind them."""
    family = _ASIDE.sub("", name.family).strip()
    given = _ASIDE.sub("", f"{name.given} {name.middle}".strip()).strip()
    if name.script is not Script.IDEOGRAPHIC and script_of(family + given) is Script.ALPHABETIC:
        return _divided_letters(family, given)
    family, given = "".join(family.split()), "".join(given.split())
    if given or _PARTS.search(family):
        return family, given
    for length in (4, 2):
        if len(family) > length and family[:length] in _COMPOUND:
            return family[:length], family[length:]
    return family[:1], family[1:]


def _divided_letters(family: str, given: str) -> tuple[str, str]:
    """A name in one piece is taken as written: the last word is the family name in English."""
    if given or " " not in family:
        return family, given
    first, _, last = family.rpartition(" ")
    return last, first
