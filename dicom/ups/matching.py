"""Attribute matching of the worklist search method (PS3.4 C.2.2.2, CC.2.8.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, TypeAlias

from dicom.content import Content, has_value, tag, text, values
from dicom.query.matching import Malformed, check_wild_cards
from dicom.query.pattern import Pattern, has_wild_cards, pattern_of
from dicom.storage.forms import folded

_ZONE = tag("TimezoneOffsetFromUTC")
_OF_BIRTH = frozenset({tag("PatientBirthDate"), tag("PatientBirthTime")})
"""What is the same day in every zone."""
_TIMES = frozenset({"DA", "DT", "TM"})
_NUMBERS = frozenset({"US", "SS", "UL", "SL", "FL", "FD", "UV", "SV"})
_EXACT = _NUMBERS | {"UI", "AT"}
_MOST_VALUES = 64
"""Of a key; a list of UIDs may be of any length (C.2.2.2.2)."""
_OFFSET = r"(?P<offset>[+-](?:0\d|1[0-4])[0-5]\d)"
_MOMENT = re.compile(rf"(?P<digits>\d{{2,14}})(?:\.(?P<fraction>\d{{1,6}}))?{_OFFSET}?")
_STEPS = (4, 6, 8, 10, 12, 14)
"""Digits of a DT by precision: year, month, day, hour, minute, second."""
_DAY = "19000101"
"""The day of times that have none."""

Span: TypeAlias = tuple[datetime, datetime]
"""From its first moment to its last, as precise as it was written."""


def matches(keys: Mapping[str, Any], content: Mapping[str, Any], zone: tzinfo) -> bool:
    """Whether an item has what every key asks for. `zone` is that of times that name none.

    Keys and items may have a zone of their own, Timezone Offset From UTC (PS3.3 C.12.1.1.8).
    """
    return _all(keys, content, _zone_of(keys, zone), _zone_of(content, zone))


def answer_of(keys: Mapping[str, Any], content: Mapping[str, Any]) -> Content:
    """What is chosen, and the zone of an item's times if it has its own."""
    own = {_ZONE: content[_ZONE]} if has_value(content, _ZONE) else {}
    return chosen(keys, content) | own


def chosen(keys: Mapping[str, Any], content: Mapping[str, Any]) -> Content:
    """The elements that the keys name, empty where the item has none; a zone if it has its own."""
    return {
        name: _chosen(key, content.get(name))
        for name, key in keys.items()
        if name != _ZONE or has_value(content, name)
    }


def _all(keys: Mapping[str, Any], content: Mapping[str, Any], asked: tzinfo, zone: tzinfo) -> bool:
    return all(
        _matches(key, content.get(name, {}), *((UTC, UTC) if name in _OF_BIRTH else (asked, zone)))
        for name, key in keys.items()
        if name != _ZONE
    )


def _chosen(key: Mapping[str, Any], found: Mapping[str, Any] | None) -> dict[str, Any]:
    if found is None or not (found.get("Value") or found.get("InlineBinary")):
        return {"vr": key["vr"] if found is None else found["vr"]}
    wanted = next(iter(key.get("Value", ())), None)
    if key["vr"] == found["vr"] == "SQ" and wanted:
        return {"vr": "SQ", "Value": [chosen(wanted, item) for item in found["Value"]]}
    return dict(found)


def _matches(key: Mapping[str, Any], found: Mapping[str, Any], asked: tzinfo, zone: tzinfo) -> bool:
    wanted = [each for each in key.get("Value", ()) if each not in (None, "", "*")]
    if not wanted or _kind(found.get("vr", key["vr"])) != _kind(key["vr"]):
        return not wanted
    had = [each for each in found.get("Value", ()) if each is not None]
    if key["vr"] == "SQ":
        item = wanted[0]
        return _is_universal(item) or any(_all(item, each, asked, zone) for each in had)
    if key["vr"] in _EXACT:
        return not set(wanted).isdisjoint(had)
    test = _test(key["vr"], asked, zone)
    return any(test(one, each) for one in wanted for each in had)


def _kind(vr: str) -> str:
    """What values of a VR are: items, names, numbers or texts. One kind never matches another."""
    return vr if vr in ("SQ", "PN") else "number" if vr in _NUMBERS else "text"


def _is_universal(item: Mapping[str, Any]) -> bool:
    return not any(has_value(item, key) for key in item)


def _test(vr: str, asked: tzinfo, zone: tzinfo) -> Callable[[Any, Any], bool]:
    if vr in _TIMES:
        return lambda wanted, had: _in_range(vr, str(wanted), str(had), asked, zone)
    return _same_name if vr == "PN" else lambda wanted, had: _same_text(str(wanted), str(had))


def _same_name(wanted: Mapping[str, str], had: Mapping[str, str]) -> bool:
    """Every group of the key fits a group of the name, in whichever writing."""
    groups = [folded(each) for each in wanted.values() if each]
    names = [folded(each) for each in had.values()]
    return all(any(_same_text(group, name) for name in names) for group in groups)


def _same_text(wanted: str, had: str) -> bool:
    return _pattern(wanted).fits(had) if has_wild_cards(wanted) else wanted == had


@lru_cache(maxsize=256)
def _pattern(wanted: str) -> Pattern:
    return pattern_of(wanted)


def _in_range(vr: str, wanted: str, had: str, asked: tzinfo, zone: tzinfo) -> bool:
    """A value begins within what a key spans; one that is no time matches nothing."""
    found, span = _span(vr, had, zone), _range(vr, wanted, asked)
    return found is not None and span is not None and span[0] <= found[0] <= span[1]


def _range(vr: str, wanted: str, zone: tzinfo) -> Span | None:
    """From–to, from–, –to, or one moment; a `-` that can be an offset's is one (C.2.2.2.5)."""
    single = _span(vr, wanted, zone)
    if single is not None:
        return single
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for low, high in _halves(wanted):
        begin = _span(vr, low, zone) if low else (first, first)
        end = _span(vr, high, zone) if high else (last, last)
        if begin is not None and end is not None:
            return begin[0], end[1]
    return None


def _halves(wanted: str) -> Iterator[tuple[str, str]]:
    for place, letter in enumerate(wanted):
        if letter == "-" and len(wanted) > 1:
            yield wanted[:place].strip(), wanted[place + 1 :].strip()


def _span(vr: str, said: str, zone: tzinfo) -> Span | None:
    found = _MOMENT.fullmatch(said.strip())
    if found is None or (found["offset"] and vr != "DT"):
        return None
    digits = (_DAY if vr == "TM" else "") + found["digits"]
    if len(digits) not in _STEPS or (found["fraction"] and len(digits) != _STEPS[-1]):
        return None
    where = _offset(found["offset"]) if found["offset"] else zone
    try:
        form = "%Y%m%d%H%M%S"[: len(digits) - 2]
        begin = datetime.strptime(digits, form).replace(tzinfo=where)
    except ValueError:
        return None
    try:
        return _until(begin, digits, found["fraction"])
    except (ValueError, OverflowError):
        return begin, datetime.max.replace(tzinfo=where)


def _until(begin: datetime, digits: str, fraction: str | None) -> Span:
    """ValueError or OverflowError where it lasts to the end of the calendar."""
    if fraction:
        begin += timedelta(microseconds=int(fraction.ljust(6, "0")))
        return begin, begin + timedelta(microseconds=10 ** (6 - len(fraction)) - 1)
    last = timedelta(microseconds=1)
    match _STEPS.index(len(digits)):
        case 0:
            end = begin.replace(year=begin.year + 1)
        case 1:
            end = (begin + timedelta(days=31)).replace(day=1)
        case step:
            unit = ("days", "hours", "minutes", "seconds")[step - 2]
            end = begin + timedelta(**{unit: 1})
    return begin, end - last


def _offset(said: str) -> tzinfo:
    minutes = int(said[1:3]) * 60 + int(said[3:])
    return timezone(timedelta(minutes=-minutes if said[0] == "-" else minutes))


def _zone_of(keys: Mapping[str, Any], zone: tzinfo) -> tzinfo:
    """The zone that an identifier, or an item, names for its own times (CC.2.8.1.3.1)."""
    said = text(keys, _ZONE)
    return _offset(said) if re.fullmatch(_OFFSET, said) else zone


def malformed(keys: Mapping[str, Any]) -> str:
    """The first key that can't be matched, and why, or ''.

    It is no time and no range of times where one belongs, or has too many values or wild cards.
    """
    for name, key in keys.items():
        if fault := _fault(key["vr"], key.get("Value", ())):
            return f"({name[:4]},{name[4:]}) {fault}"
        for item in key.get("Value", ()) if key["vr"] == "SQ" else ():
            if inner := malformed(item):
                return inner
    return ""


def _fault(vr: str, found: Sequence[Any]) -> str:
    if len(found) > _MOST_VALUES and vr not in _EXACT:
        return f"has more than {_MOST_VALUES} values"
    if vr in _TIMES:
        wrong = (str(each) for each in found if each and _range(vr, str(each), UTC) is None)
        return next((f"{each[:40]!r} is no {vr}" for each in wrong), "")
    try:
        for each in found if vr not in _EXACT and vr != "SQ" else ():
            check_wild_cards("=".join(each.values()) if vr == "PN" and each else str(each or ""))
    except Malformed as error:
        return str(error)
    return ""


def asked_states(keys: Mapping[str, Any], state: str) -> Sequence[str]:
    """The states that a key names outright, to look among these only; none means all."""
    wanted = [str(each) for each in values(keys, state) if each]
    return [] if any("*" in each or "?" in each for each in wanted) else wanted
