"""A search by address as the index answers it (PS3.18 8.3.4, 10.6.1). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydicom.datadict import tag_for_keyword

from dicom.query.keys import KEYS, PATIENT_ID, SERIES_UID, STUDY_UID, Key, Level
from dicom.query.matching import Malformed, Match, match_of
from dicom.query.question import Question, keyword

_ALL = "all"
_HEX = 8
_MOST_DIGITS = 9
_COUNTED = (0x00201206, 0x00201208, 0x00201209)
_PLAIN: Mapping[Level, Sequence[int]] = {
    Level.STUDY: (
        *(0x00080020, 0x00080030, 0x00080050, 0x00080061, 0x00080090, 0x00100010, PATIENT_ID),
        *(0x00100021, 0x00100030, 0x00100040, STUDY_UID, 0x00200010, 0x00201206, 0x00201208),
    ),
    Level.SERIES: (0x00080060, 0x0008103E, SERIES_UID, 0x00200011, 0x00201209),
    Level.IMAGE: (
        *(0x00080016, 0x00080018, 0x00200013, 0x00280008, 0x00280010, 0x00280011),
        *(STUDY_UID, SERIES_UID),
    ),
}
"""What is always returned (PS3.18 tables 10.6.3-3 to 10.6.3-5), as far as the index has it."""


class Unclear(ValueError):  # noqa: N818 - a property of the question
    """A search that can't be answered as it is meant: it is refused rather than widened."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question, the part of its answers that is wanted, and what of it is not supported."""

    question: Question
    limit: int
    offset: int = 0
    warnings: Sequence[str] = field(default=())


def wanted(
    level: Level, path: Mapping[int, str], query: Iterable[tuple[str, str]], most: int
) -> Wanted:
    """What an address asks for. `path` holds the UIDs of its path. Unclear."""
    matches = dict(_matches(path.items()))
    keys = {tag: KEYS[tag] for tag in _plain(level, path)}
    numbers = {"limit": most, "offset": 0}
    ignored: list[str] = []
    warnings: list[str] = []
    for name, text in query:
        if name in numbers:
            numbers[name] = _number(name, text)
        elif name == "fuzzymatching":
            if text.strip().lower() == "true":
                warnings.append(
                    "The fuzzymatching parameter is not supported. Only literal matching has been"
                    " performed."
                )
        elif name == "includefield":
            keys |= {each.tag: each for each in _included(level, text, ignored)}
        elif (tag := tag_of(name)) in KEYS and KEYS[tag].level <= level:
            keys[tag] = KEYS[tag]
            matches |= dict(_matches([(tag, text)]))
        else:
            ignored.append(name)
    if ignored:
        names = ", ".join(sorted(set(ignored)))[:200]
        warnings.append(f"The following parameters are not supported and were ignored: {names}")
    question = Question(level, tuple(keys.values()), matches)
    limit = min(numbers["limit"], most)
    return Wanted(question, limit, numbers["offset"], tuple(warnings))


def tag_of(name: str) -> int:
    """The tag of a keyword, or of eight hexadecimal digits; 0 if it is neither."""
    if len(name) == _HEX and all(each in "0123456789abcdefABCDEF" for each in name):
        return int(name, 16)
    return tag_for_keyword(name) or 0


def _matches(said: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Match]]:
    for tag, text in said:
        found = _match(KEYS[tag], text)
        if found is not None:
            yield tag, found


def _match(key: Key, text: str) -> Match | None:
    if key.counted:
        raise Unclear(f"{keyword(key.tag)} is counted, and can't be searched by")
    if key.vr == "UI":
        text = text.replace(",", "\\")
    try:
        return match_of("IS" if key.vr == "US" else key.vr, text, identifier=key.identifier)
    except Malformed as error:
        raise Unclear(f"{keyword(key.tag)}: {error}") from None


def _plain(level: Level, path: Mapping[int, str]) -> Iterator[int]:
    """Attributes of the levels above only where the path does not name them already."""
    if level is Level.STUDY or STUDY_UID not in path:
        yield from _PLAIN[Level.STUDY]
    if level is Level.SERIES or (level is Level.IMAGE and SERIES_UID not in path):
        yield from _PLAIN[Level.SERIES]
    if level is Level.IMAGE:
        yield from _PLAIN[Level.IMAGE]
    yield STUDY_UID


def _included(level: Level, text: str, ignored: list[str]) -> Iterator[Key]:
    for name in filter(None, (each.strip() for each in text.split(","))):
        if name == _ALL:
            yield from (key for key in KEYS.values() if key.level <= level)
        elif (tag := tag_of(name)) in KEYS and KEYS[tag].level <= level:
            yield KEYS[tag]
        else:
            ignored.append(f"includefield={name}")


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise Unclear(f"{name}: {text[:20]!r} is no number")
    return int(text)
