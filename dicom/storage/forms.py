"""Texts in the form in which they are compared; what is stored and answered stays as it came. Pure.

Names by PS3.4 C.2.2.2.1: regardless of case, accents and width. Other text by its characters, of
which compatible forms (full-width digits) count as one. Identifiers as they are.
"""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]")
"""Combining marks of Latin, Greek and Cyrillic; those of other scripts make other letters."""
_SPACES = re.compile(r"\s+")
_COMPONENT_END = re.compile(r"[\s^]+$")
_AROUND = re.compile(r"\s*\^\s*")
_DAY = re.compile(r"\d{8}")
_TIME = re.compile(r"(\d{2}(?:\d{2}(?:\d{2})?)?)(?:\.(\d{1,6}))?")
_LATEST = "235959999999"
_WHOLE = 6
GROUPS = "="


def compatible(text: str) -> str:
    """A description or a code as it is compared."""
    return unicodedata.normalize("NFKC", text).strip()


def folded(text: str) -> str:
    """One component group of a name as it is compared."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    spaced = _SPACES.sub(" ", unicodedata.normalize("NFKC", bare).casefold())
    return _COMPONENT_END.sub("", _AROUND.sub("^", spaced)).strip()


def groups_of(name: str) -> tuple[str, ...]:
    """The component groups of a name as they are compared: letters, ideographs, sounds."""
    return tuple(folded(group) for group in name.split(GROUPS))


def day_of(text: str) -> str:
    """A date as eight digits, also one with points (PS3.5 6.2, DA); '' if it is none."""
    digits = text.strip().replace(".", "")
    return digits if _DAY.fullmatch(digits) else ""


def times_of(text: str) -> tuple[str, str] | None:
    """The first and the last moment that a time means, as twelve digits; None if it is none."""
    found = _TIME.fullmatch(text.strip().replace(":", ""))
    if found is None:
        return None
    whole, part = found.group(1), found.group(2) or ""
    if part and len(whole) < _WHOLE:
        return None
    said = whole + part
    return said.ljust(12, "0"), said + _LATEST[len(said) :]
