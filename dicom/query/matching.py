"""Attribute matching (PS3.4 C.2.2.2): what a key of a query says, and what fits it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dicom.query.pattern import Pattern, before_wild_cards, has_wild_cards, pattern_of
from dicom.storage.forms import GROUPS, compatible, day_of, folded, groups_of, times_of

Test: TypeAlias = Callable[[str], bool]
"""Whether one value of an attribute fits; '' is an unknown one, and fits nothing."""

WILD_CARDS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
"""VRs in which `*` and `?` are wild cards (PS3.4 C.2.2.2.4)."""
_DESCRIPTIVE = frozenset(("LO", "LT", "SH", "ST", "UC", "UT"))
_FIRST_DAY, _LAST_DAY = "00000000", "99999999"
_FIRST_TIME, _LAST_TIME = "0" * 12, "9" * 12
_MOST_WILD, _LONGEST_WILD = 64, 256
"""A name has three groups of at most 64 characters (PS3.5 6.2)."""


class Malformed(ValueError):  # noqa: N818 - what it is
    """A key that can't be matched: the query is refused rather than widened."""


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends are included; comparable as text."""

    first: str
    last: str

    def holds(self, moment: str) -> bool:
        return self.first <= moment <= self.last


@dataclass(frozen=True, slots=True)
class Match:
    """What a key asks for: a test, and where to look.

    `exactly` are the only values that can fit, `days` the range in which they lie, `prefixes`
    how a component group of a name begins; None where that is not known.
    """

    test: Test
    exactly: tuple[str, ...] | None = None
    days: Range | None = None
    prefixes: tuple[str, ...] | None = None


def match_of(  # noqa: PLR0911 - one for each kind
    vr: str, wanted: str, *, identifier: bool = False
) -> Match | None:
    """What a value of a query means; None for universal matching. Malformed if it means nothing.

    `identifier`: what is compared as it is, with no form of a character taken for another.
    """
    text = wanted.strip(" \0")
    if not text or (vr in WILD_CARDS and not text.strip("*")):
        return None
    if vr in WILD_CARDS:
        check_wild_cards(text)
    match vr:
        case "UI":
            return _uids(text)
        case "DA":
            days = days_of(text)
            return Match(lambda value: days.holds(day_of(value)), days=days)
        case "TM":
            times = clock_of(text)
            return Match(lambda value: _is_within(value, times))
        case "PN":
            return _name(text)
        case "IS":
            return _numbers(text)
    exact = identifier or vr not in _DESCRIPTIVE
    return _texts(text, compatible if not exact else str.strip, vr in WILD_CARDS)


def days_of(text: str) -> Range:
    """A date or a range of dates."""
    first, last = _ends(text, "DA")
    begin, end = _day(first, text), _day(last, text)
    return Range(begin or _FIRST_DAY, end or _LAST_DAY)


def clock_of(text: str) -> Range:
    """A time or a range of times, each as precise as it is given."""
    first, last = _ends(text, "TM")
    begin, end = _times(first, text), _times(last, text)
    return Range(begin[0] if begin else _FIRST_TIME, end[1] if end else _LAST_TIME)


def moments_of(date: str, time: str) -> Range:
    """One range from the first date and time to the last ones (combined matching, C.2.2.2.5)."""
    days, times = days_of(date), clock_of(time)
    return Range(days.first + times.first, days.last + times.last)


def moment_of(date: str, time: str) -> str:
    """Date and time as twenty digits; a time that is unknown is midnight, '' without a date."""
    day = day_of(date)
    times = times_of(time)
    return day and day + (times[0] if times else _FIRST_TIME)


def check_wild_cards(text: str) -> None:
    """Malformed if a key with wild cards is longer, or has more of them, than anybody needs."""
    count = text.count("*") + text.count("?")
    if count > _MOST_WILD or (count and len(text) > _LONGEST_WILD):
        words = f"{_LONGEST_WILD} characters with {_MOST_WILD} wild cards"
        raise Malformed(f"{text[:20]!r}... has more than {words}")


def _uids(text: str) -> Match:
    wanted = tuple(dict.fromkeys(each.strip(" \0") for each in text.split("\\") if each.strip()))
    among = frozenset(wanted)
    return Match(lambda value: value in among, exactly=wanted)


def _numbers(text: str) -> Match:
    wanted = frozenset(map(_number, text.split("\\")))

    def test(value: str) -> bool:
        try:
            return int(value) in wanted
        except ValueError:
            return False

    return Match(test)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Malformed(f"{text[:40]!r} is no number") from None


def _texts(text: str, form: Callable[[str], str], wild: bool) -> Match:  # noqa: FBT001
    wanted = tuple(form(each) for each in text.split("\\"))
    if wild and has_wild_cards(text):
        patterns = [pattern_of(each) for each in wanted]
        return Match(lambda value: bool(value) and _any(patterns, form(value)))
    among = frozenset(wanted) - {""}
    same = form is str.strip
    return Match(lambda value: form(value) in among, exactly=tuple(among) if same else None)


def _any(patterns: Sequence[Pattern], value: str) -> bool:
    return any(each.fits(value) for each in patterns)


def _name(text: str) -> Match:
    """Each group that is given must fit its like; one group alone may be any (C.2.2.2.1)."""
    wanted = [_group(each) for each in text.split(GROUPS)]
    if not any(wanted):
        raise Malformed(f"{text[:40]!r} is no name")
    if len(wanted) == 1:
        (only,) = wanted
        assert only is not None  # noqa: S101 - `any` said so
        return Match(lambda name: any(map(only.fits, groups_of(name))), prefixes=(only.prefix,))

    def test(name: str) -> bool:
        groups = groups_of(name)
        return all(
            each is None or (place < len(groups) and each.fits(groups[place]))
            for place, each in enumerate(wanted)
        )

    return Match(test, prefixes=tuple(each.prefix for each in wanted if each is not None))


@dataclass(frozen=True, slots=True)
class _Group:
    """A component group that is asked for; `prefix` is what stands before its first wild card."""

    text: str
    pattern: Pattern | None

    @property
    def prefix(self) -> str:
        return before_wild_cards(self.text)

    def fits(self, group: str) -> bool:
        if not group:
            return False
        return self.text == group if self.pattern is None else self.pattern.fits(group)


def _group(text: str) -> _Group | None:
    """None for a group that asks for nothing."""
    form = folded(text)
    if not form.strip("*^"):
        return None
    return _Group(form, pattern_of(form) if has_wild_cards(form) else None)


def _ends(text: str, vr: str) -> tuple[str, str]:
    """Begin and end of a range; both are the same for a single value."""
    first, dash, last = text.partition("-")
    if not dash:
        return text, text
    if "-" in last or not (first.strip() or last.strip()):
        raise Malformed(f"{text[:40]!r} is no {vr} and no range of these")
    return first, last


def _day(text: str, whole: str) -> str:
    day = day_of(text)
    if text.strip() and not day:
        raise Malformed(f"{whole[:40]!r} is no date and no range of dates")
    return day


def _times(text: str, whole: str) -> tuple[str, str] | None:
    times = times_of(text)
    if text.strip() and times is None:
        raise Malformed(f"{whole[:40]!r} is no time and no range of times")
    return times


def _is_within(value: str, wanted: Range) -> bool:
    times = times_of(value)
    return times is not None and wanted.holds(times[0])
