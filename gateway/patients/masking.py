"""Names and numbers as somebody may read them who need not know whose they are. Pure.

The one place that masks: pages, the API and the displays all ask it. What it gives away of a
Chinese name is the surname and the last character of a given name of two or more; of any other
name initials. Where it is not sure how a name is divided, less is shown and never more. The
length of what is hidden is not given away.
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
_WORDS = re.compile(r"[\s\-]+")
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
    """张*丰, 张*, 欧阳*文, 阿*·买*; `J. S.` of a name in letters; `*` of one in mixed scripts.

    A surname is one character or a compound surname, whatever the fields say. The last character
    is left out where it would give away the given name, or repeats what is hidden.
    """
    return _mask(name, short=False)


def initials(name: PersonName) -> str:
    """Given names first, as letters and points; of a Chinese name the surname's character."""
    return _mask(name, short=True)


def surname(name: PersonName) -> str:
    """Of a Chinese name the surname as masks divide it; of one in parts or in letters nothing."""
    family, given = _fields(name)
    if script_of(family + given) is not Script.IDEOGRAPHIC or _PARTS.search(family + given):
        return ""
    return _divided(family, given)[0]


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


def _mask(name: PersonName, *, short: bool) -> str:
    family, given = _fields(name)
    if script_of(family + given) is not Script.IDEOGRAPHIC:
        return _initials_of_words(family, given)
    if any(script_of(each) is not Script.IDEOGRAPHIC for each in _PARTS.sub("", family + given)):
        return STAR
    parts = [part for part in _PARTS.split(_in_one_piece(family, given)) if part]
    if len(parts) > 1:
        beginnings = [f"{part[0]}{STAR}" if len(part) > 1 else STAR for part in parts]
        return beginnings[0] if short else "·".join(beginnings)
    surname, rest = _divided(_PARTS.sub("", family), _PARTS.sub("", given))
    masks = (
        [f"{surname[:1]}{STAR}"] if short else [f"{surname}{STAR}{rest[-1:]}", f"{surname}{STAR}"]
    )
    return next(
        (each for each in masks if all(_hides(each, it) for it in (rest, given or rest))), STAR
    )


def _hides(mask: str, given: str) -> bool:
    """Whether a mask shows less than two thirds of what may be the given name."""
    return 3 * sum(each in mask for each in given) < 2 * len(given)


def _initials_of_words(family: str, given: str) -> str:
    """A given name of one character, and a whole name of one, would be shown whole."""
    if len(family + given) == 1:
        return STAR
    words = [*(word for word in _WORDS.split(given) if len(word) > 1), *_WORDS.split(family)]
    return " ".join(f"{word[0].upper()}." for word in words if word) or (STAR if given else "")


def _fields(name: PersonName) -> tuple[str, str]:
    """Family and given name, without what stands in brackets behind them.

    Of a name in letters or syllables that came in one piece the last word is the family name.
    """
    family = _ASIDE.sub("", name.family).strip()
    given = _ASIDE.sub("", f"{name.given} {name.middle}".strip()).strip()
    if script_of(family + given) is Script.IDEOGRAPHIC:
        return "".join(family.split()), "".join(given.split())
    if given or " " not in family:
        return family, given
    first, _, last = family.rpartition(" ")
    return last, first


def _in_one_piece(family: str, given: str) -> str:
    """A name as written; some systems put all of it in one field, and some of it in the other."""
    if given in family:
        return family
    return given if given.startswith(family) else family + given


def _divided(family: str, given: str) -> tuple[str, str]:
    """Surname and given name in characters; a field that can't be a surname is divided anew."""
    whole = _in_one_piece(family, given)
    if whole not in {family, given} and (len(family) == 1 or family in _COMPOUND):
        return family, given
    for length in (4, 2):
        if len(whole) > length and whole[:length] in _COMPOUND:
            return whole[:length], whole[length:]
    return whole[:1], whole[1:]
